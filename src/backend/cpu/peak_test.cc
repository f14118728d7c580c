#include "backend/cpu/peak.h"

#include <gtest/gtest.h>

#include "backend/cpu/kernels.h"

namespace fletcher::cpu {
namespace {

TEST(MeasurePeak, MeasuresEveryInstructionSet) {
  for (const Kernels* kernels : usable_kernels()) {
    const auto peak = measure_peak_gflops(kernels->isa, Precision::f32, 2);
    ASSERT_TRUE(peak);
    EXPECT_GT(*peak, 0.1) << kernels->isa;  // emulators and sanitizers are slow
  }
}

TEST(MeasurePeak, RefusesWhatItCannotMeasure) {
  EXPECT_EQ(measure_peak_gflops("altivec", Precision::f32, 1).error().code, Code::failed_precondition);
  EXPECT_EQ(measure_peak_gflops("scalar", Precision::bf16, 1).error().code, Code::unimplemented);
}

}  // namespace
}  // namespace fletcher::cpu
