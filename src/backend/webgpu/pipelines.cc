#include "backend/webgpu/pipelines.h"

#include "backend/webgpu/shaders.h"

namespace fletcher::webgpu {
namespace {

struct Source {
  std::string_view name;
  std::string_view wgsl;
  bool has_in_place;  // declares kInPlace
};

Source source_of(Shader shader) {
  switch (shader) {
    case Shader::embed:
      return {"embed", shaders::embed, false};
    case Shader::linear:
      return {"linear", shaders::linear, true};
    case Shader::norm:
      return {"norm", shaders::norm, true};
    case Shader::attention:
      return {"attention", shaders::attention, true};
    case Shader::pool:
      return {"pool", shaders::pool, true};
    case Shader::l2_normalize:
      return {"l2_normalize", shaders::l2_normalize, false};
  }
  return {};
}

}  // namespace

Result<Pipelines> Pipelines::create(Device& device) {
  Pipelines made(device.api());
  FLETCHER_TRY(device.checked([&] { made.create_layout(device); }));
  for (size_t i = 0; i < kShaders; ++i) {
    const auto shader = static_cast<Shader>(i);
    auto compiled = device.checked([&] { made.compile(device, shader); });
    if (!compiled) return with_context(std::move(compiled).error(), std::string(source_of(shader).name) + ".wgsl");
  }
  return made;
}

void Pipelines::create_layout(Device& device) {
  std::array<WGPUBindGroupLayoutEntry, kOutBinding + 1> entries{};
  for (uint32_t i = 0; i < entries.size(); ++i) {
    entries[i].binding = i;
    entries[i].visibility = WGPUShaderStage_Compute;
    entries[i].buffer.type = WGPUBufferBindingType_ReadOnlyStorage;
  }
  entries[kParamsBinding].buffer.type = WGPUBufferBindingType_Uniform;
  entries[kOutBinding].buffer.type = WGPUBufferBindingType_Storage;
  WGPUBindGroupLayoutDescriptor bindings{};
  bindings.entryCount = entries.size();
  bindings.entries = entries.data();
  bindings_.reset(device.api().DeviceCreateBindGroupLayout(device.handle(), &bindings));

  const WGPUBindGroupLayout groups[] = {bindings_.get()};
  WGPUPipelineLayoutDescriptor layout{};
  layout.bindGroupLayoutCount = 1;
  layout.bindGroupLayouts = groups;
  layout_.reset(device.api().DeviceCreatePipelineLayout(device.handle(), &layout));
}

void Pipelines::compile(Device& device, Shader shader) {
  const Api& api = device.api();
  const Source source = source_of(shader);
  WGPUShaderSourceWGSL wgsl{};
  wgsl.chain.sType = WGPUSType_ShaderSourceWGSL;
  wgsl.code = view_of(source.wgsl);
  WGPUShaderModuleDescriptor descriptor{};
  descriptor.nextInChain = &wgsl.chain;
  descriptor.label = view_of(source.name);
  const Owned<WGPUShaderModule> module(api.DeviceCreateShaderModule(device.handle(), &descriptor),
                                       api.ShaderModuleRelease);
  for (const bool in_place : {false, true}) {
    WGPUConstantEntry constant{};
    constant.key = view_of("kInPlace");
    constant.value = in_place ? 1 : 0;
    WGPUComputePipelineDescriptor pipeline{};
    pipeline.label = view_of(source.name);
    pipeline.layout = layout_.get();
    pipeline.compute.module = module.get();
    pipeline.compute.entryPoint = view_of("main");
    pipeline.compute.constantCount = source.has_in_place ? 1 : 0;
    pipeline.compute.constants = &constant;
    pipelines_.emplace_back(
        in_place && !source.has_in_place ? nullptr : api.DeviceCreateComputePipeline(device.handle(), &pipeline),
        api.ComputePipelineRelease);
  }
}

}  // namespace fletcher::webgpu
