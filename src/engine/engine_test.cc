#include "fletcher/engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <latch>
#include <random>
#include <thread>

namespace fletcher {
namespace {

namespace fs = std::filesystem;

const std::string kBert = FLETCHER_TEST_DATA "/models/tiny/bert";
const std::string kReranker = FLETCHER_TEST_DATA "/models/tiny/bert_reranker";

std::unique_ptr<Engine> load(const EngineOptions& options) {
  auto engine = Engine::load(options);
  EXPECT_TRUE(engine) << engine.error().message;
  return std::move(*engine);
}

/// Texts of 0 to about 120 words, mixed.
std::vector<std::string> mixed_texts(size_t count) {
  constexpr const char* kWords[] = {"the", "river", "Fletcher", "ran", "42", "quickly,", "über", "北京", "arrow", "?"};
  std::mt19937 random(20261125);
  std::vector<std::string> texts(count);
  for (std::string& text : texts) {
    const size_t words = random() % 4 == 0 ? random() % 120 : random() % 12;
    for (size_t w = 0; w < words; ++w) text += std::string(w > 0 ? " " : "") + kWords[random() % std::size(kWords)];
  }
  return texts;
}

std::vector<std::vector<float>> vectors(Engine& engine, const std::vector<std::string>& texts) {
  EmbedRequest request;
  for (const std::string& text : texts) request.inputs.emplace_back(text);
  std::vector<std::vector<float>> out;
  for (auto& item : engine.embed(std::move(request))) {
    EXPECT_TRUE(item) << item.error().message;
    out.push_back(std::move(item->dense));
  }
  return out;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

/// The texts in batches of `batch` and an order of its own: every vector has the bits of `alone`.
void expect_same_bits(Engine& engine, const std::vector<std::string>& texts, size_t batch,
                      const std::vector<std::vector<float>>& alone) {
  std::vector<size_t> order(texts.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::shuffle(order.begin(), order.end(), std::mt19937(static_cast<unsigned>(batch)));
  for (size_t at = 0; at < order.size(); at += batch) {
    std::vector<std::string> some;
    for (size_t i = at; i < std::min(at + batch, order.size()); ++i) some.push_back(texts[order[i]]);
    const auto together = vectors(engine, some);
    for (size_t i = 0; i < some.size(); ++i) {
      ASSERT_TRUE(same_bits(together[i], alone[order[at + i]])) << "batches of " << batch << ", text " << order[at + i];
    }
  }
}

TEST(Engine, GivesATextTheSameBitsInEveryBatchOrderAndThreadCount) {
  const std::vector<std::string> texts = mixed_texts(64);
#if defined(__SANITIZE_THREAD__)
  const std::vector<const char*> sets = {""};  // the best: threads meet in the same places whatever the kernels
#else
  const std::vector<const char*> sets = {"scalar",      "avx2", "avx2_vnni", "avx512",      "avx512_vnni",
                                         "avx512_bf16", "amx",  "neon",      "neon_dotprod"};
#endif
  for (const char* isa : sets) {
    const auto device = Engine::describe_device("cpu", isa);
    if (!device) {
      std::printf("NOT RUN: batch invariance on %s (this machine lacks it)\n", isa);
      continue;
    }
    for (const std::string& precision : device->precisions) {
      std::vector<std::vector<float>> alone;
      for (const size_t threads : {1, 2, 3}) {
        SCOPED_TRACE(precision + " on " + isa + ", " + std::to_string(threads) + " threads");
        const auto engine =
            load({.model_path = kBert, .device = "cpu", .isa = isa, .threads = threads, .precision = precision});
        if (alone.empty()) {
          for (const std::string& text : texts) alone.push_back(vectors(*engine, {text})[0]);
        }
        for (const size_t batch : {1, 2, 7, 64}) expect_same_bits(*engine, texts, batch, alone);
      }
    }
  }
}

TEST(Engine, AnswersEveryInputOnceAcrossThreads) {
  const auto engine = load({.model_path = kBert, .budget_tokens = 64, .queue_tokens = 128});
  const std::vector<std::string> texts = mixed_texts(50);
  constexpr int kCallers = 4;
  std::latch done(static_cast<ptrdiff_t>(texts.size() * kCallers));
  std::vector<std::atomic<int>> answers(texts.size() * kCallers);
  {
    std::vector<std::jthread> callers;
    for (int c = 0; c < kCallers; ++c) {
      callers.emplace_back([&, c] {
        EmbedRequest request{.lane = c % 2 == 0 ? Lane::interactive : Lane::bulk};
        for (const std::string& text : texts) request.inputs.emplace_back(text);
        engine->submit(std::move(request), [&, c](size_t i, const Result<Item>& item) {
          EXPECT_TRUE(item);
          ++answers[static_cast<size_t>(c) * texts.size() + i];
          done.count_down();
        });
      });
    }
  }
  done.wait();
  for (const auto& n : answers) EXPECT_EQ(n.load(), 1);
}

TEST(Engine, HasRoomInABatchForWorkForEveryThread) {
  const auto few = load({.model_path = kBert, .device = "cpu", .threads = 16});
  const auto many = load({.model_path = kBert, .device = "cpu", .threads = 32});
  EXPECT_EQ(many->info().workspace_bytes, 2 * few->info().workspace_bytes);
  const auto asked = load({.model_path = kBert, .device = "cpu", .threads = 32, .budget_tokens = 2048});
  EXPECT_EQ(asked->info().workspace_bytes, few->info().workspace_bytes);
}

TEST(Engine, CancelsWhatWaitsWhenItGoes) {
  std::atomic<int> answered = 0;
  {
    const auto engine = load({.model_path = kBert, .queue_tokens = 1 << 20});
    EmbedRequest request;
    for (int i = 0; i < 2000; ++i) request.inputs.emplace_back("some text to keep it busy for a while");
    engine->submit(std::move(request), [&](size_t, const Result<Item>& item) {
      if (!item) {
        EXPECT_EQ(item.error().code, Code::cancelled);
      }
      ++answered;
    });
  }
  EXPECT_EQ(answered.load(), 2000);
}

TEST(Engine, HonoursStopTokensAndDeadlines) {
  const auto engine = load({.model_path = kBert});
  std::stop_source stop;
  stop.request_stop();
  EmbedRequest stopped{.inputs = {"a"}, .stop_token = stop.get_token()};
  EXPECT_EQ(engine->embed(std::move(stopped))[0].error().code, Code::cancelled);
  EmbedRequest late{.inputs = {"a"}, .deadline = std::chrono::steady_clock::now() - std::chrono::seconds(1)};
  EXPECT_EQ(engine->embed(std::move(late))[0].error().code, Code::deadline_exceeded);
}

TEST(Engine, CutsLongTextsAndSaysSo) {
  const auto engine = load({.model_path = kBert});
  std::string text;
  for (int i = 0; i < 300; ++i) text += "word ";
  const auto items = engine->embed({.inputs = {text}});
  ASSERT_TRUE(items[0]) << items[0].error().message;
  EXPECT_EQ(items[0]->tokens, 128u);
  EXPECT_TRUE(items[0]->truncated);
  EXPECT_GE(items[0]->untruncated_tokens, 302u);
  const auto left = engine->embed({.inputs = {text + "end"}, .truncation = Truncation::left});
  EXPECT_FALSE(same_bits(items[0]->dense, left[0]->dense));
  const auto right = engine->embed({.inputs = {text + "end"}, .truncation = Truncation::right});
  EXPECT_TRUE(same_bits(items[0]->dense, right[0]->dense));
  const auto refused = engine->embed({.inputs = {text, "short"}, .truncation = Truncation::error});
  EXPECT_EQ(refused[0].error().code, Code::invalid_argument);
  EXPECT_NE(refused[0].error().message.find("wanted at most 128"), std::string::npos) << refused[0].error().message;
  EXPECT_TRUE(refused[1]);
}

TEST(Engine, CutsDimensionsThenNormalises) {
  const auto engine = load({.model_path = kBert});
  const auto full = engine->embed({.inputs = {"hello"}, .normalize = false});
  const auto cut = engine->embed({.inputs = {"hello"}, .dimensions = 8});
  ASSERT_EQ(cut[0]->dense.size(), 8u);
  double squares = 0;
  for (size_t i = 0; i < 8; ++i) squares += full[0]->dense[i] * full[0]->dense[i];
  for (size_t i = 0; i < 8; ++i) EXPECT_NEAR(cut[0]->dense[i], full[0]->dense[i] / std::sqrt(squares), 1e-6);
  EXPECT_EQ(engine->embed({.inputs = {"hello"}, .dimensions = 65})[0].error().code, Code::invalid_argument);
}

TEST(Engine, TakesTokenIdsAndChecksThem) {
  const auto engine = load({.model_path = kBert});
  const auto text = engine->embed({.inputs = {"a"}});
  const auto ids = engine->embed({.inputs = {std::vector<int32_t>{2, 38, 3}}});
  ASSERT_TRUE(ids[0]);
  EXPECT_EQ(ids[0]->tokens, text[0]->tokens);
  const auto beyond = engine->embed({.inputs = {std::vector<int32_t>{2, 900, 3}}});
  EXPECT_EQ(beyond[0].error().message, "token id 900, wanted 0 to 899, the vocabulary of this model");
  EXPECT_EQ(engine->embed({.inputs = {std::vector<int32_t>{}}})[0].error().code, Code::invalid_argument);
}

TEST(Engine, RefusesWhatTheModelCannotGive) {
  const auto reranker = load({.model_path = kReranker});
  EXPECT_EQ(reranker->embed({.inputs = {"a"}})[0].error().code, Code::failed_precondition);
  EmbedRequest request{.inputs = {TextPair{"a", "b"}}, .outputs = static_cast<uint8_t>(Output::logits)};
  const auto pair = reranker->embed(std::move(request));
  ASSERT_TRUE(pair[0]) << pair[0].error().message;
  ASSERT_EQ(pair[0]->logits.size(), 1u);
  EXPECT_FLOAT_EQ(reranker->score(pair[0]->logits), 1 / (1 + std::exp(-pair[0]->logits[0])));
  EXPECT_EQ(reranker->embed({.model = "other", .inputs = {"a"}})[0].error().code, Code::not_found);
}

/// A copy of the tiny model with files replaced.
std::string copy_with(const std::vector<std::pair<std::string, std::string>>& files) {
  const fs::path folder = fs::path(testing::TempDir()) / "fletcher-changed-model";
  fs::remove_all(folder);
  fs::copy(kBert, folder, fs::copy_options::recursive);
  for (const auto& [name, content] : files) std::ofstream(folder / name) << content;
  return folder.string();
}

std::string tiny_tokenizer() {
  std::ifstream file(kBert + "/tokenizer.json");
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// The tiny model's tokenizer without its lower-casing: capitals are unknown to its vocabulary.
std::string cased_tokenizer() {
  std::string json = tiny_tokenizer();
  const std::string on = "\"lowercase\":true";
  return json.replace(json.find(on), on.size(), "\"lowercase\":false");
}

TEST(Engine, CutsWhereTheTokenizerOfTheFolderDoes) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += "word ";
  text += "end";
  const auto engine = load(
      {.model_path = copy_with({{"tokenizer_config.json",
                                 R"({"tokenizer_class": "PreTrainedTokenizerFast", "truncation_side": "left"})"}})});
  const auto own = engine->embed({.inputs = {text}, .max_length = 16});
  const auto left = engine->embed({.inputs = {text}, .truncation = Truncation::left, .max_length = 16});
  const auto right = engine->embed({.inputs = {text}, .truncation = Truncation::right, .max_length = 16});
  EXPECT_TRUE(same_bits(own[0]->dense, left[0]->dense));
  EXPECT_FALSE(same_bits(own[0]->dense, right[0]->dense));
}

TEST(Engine, LowersTheTextBeforeTokenisingWhereTheFolderAsks) {
  const std::string plain = copy_with({{"tokenizer.json", cased_tokenizer()}});
  const auto cased = load({.model_path = plain});
  const auto lower = cased->embed({.inputs = {"hello"}}), upper = cased->embed({.inputs = {"HELLO"}});
  EXPECT_FALSE(same_bits(lower[0]->dense, upper[0]->dense));
  const auto lowering = load({.model_path = copy_with({{"tokenizer.json", cased_tokenizer()},
                                                       {"sentence_bert_config.json", R"({"do_lower_case":true})"}})});
  const auto lowered = lowering->embed({.inputs = {"HELLO"}});
  EXPECT_TRUE(same_bits(lower[0]->dense, lowered[0]->dense));
}

TEST(Engine, LeavesThePromptOutOfThePoolingWhereTheFolderAsks) {
  const std::string prompts = R"({"prompts":{"query":"search: "},"default_prompt_name":"query"})";
  const auto with = load({.model_path = copy_with({{"config_sentence_transformers.json", prompts}})});
  const auto named = with->embed({.inputs = {"hello"}, .prompt_name = "query"});
  const auto by_default = with->embed({.inputs = {"hello"}});
  const auto literal = with->embed({.inputs = {"search: hello"}, .prompt = ""});
  EXPECT_TRUE(same_bits(named[0]->dense, by_default[0]->dense));
  EXPECT_TRUE(same_bits(named[0]->dense, literal[0]->dense));
  const auto without =
      load({.model_path =
                copy_with({{"config_sentence_transformers.json", prompts},
                           {"1_Pooling/config.json", R"({"pooling_mode_lasttoken":true,"include_prompt":false})"}})});
  const auto last = load({.model_path = copy_with({{"1_Pooling/config.json", R"({"pooling_mode_lasttoken":true})"}})});
  EXPECT_TRUE(
      same_bits(without->embed({.inputs = {"hello"}})[0]->dense, last->embed({.inputs = {"search: hello"}})[0]->dense));
  const auto mean =
      load({.model_path =
                copy_with({{"config_sentence_transformers.json", prompts},
                           {"1_Pooling/config.json", R"({"pooling_mode_mean_tokens":true,"include_prompt":false})"}})});
  EXPECT_FALSE(same_bits(mean->embed({.inputs = {"hello"}})[0]->dense, named[0]->dense));
}

TEST(Engine, MayGoWhileOthersSubmit) {
  std::atomic<int> answered = 0;
  constexpr int kInputs = 5000;
  auto engine = load({.model_path = kBert, .budget_tokens = 64, .queue_tokens = 64});
  std::latch started(1);
  std::jthread caller([&, raw = engine.get()] {
    EmbedRequest request;
    for (int i = 0; i < kInputs; ++i) request.inputs.emplace_back("some text");
    raw->submit(std::move(request), [&](size_t, const Result<Item>&) {
      if (answered++ == 10) started.count_down();
    });
  });
  started.wait();
  engine.reset();
  caller.join();
  EXPECT_EQ(answered.load(), kInputs);
}

TEST(Engine, RefusesTokenTypesThatTheModelLacks) {
  std::string json = tiny_tokenizer();
  const std::string slot = R"({"Sequence":{"id":"A","type_id":0}})";
  json.replace(json.find(slot), slot.size(), R"({"Sequence":{"id":"A","type_id":1000000}})");
  const auto engine = load({.model_path = copy_with({{"tokenizer.json", json}})});
  const auto items = engine->embed({.inputs = {"hello"}});
  ASSERT_FALSE(items[0]);
  EXPECT_EQ(items[0].error().message, "the tokenizer gives token type 1000000, but the model's type_vocab_size is 2");
}

TEST(Engine, LeavesNoTextToAPromptThatIsTooLong) {
  const auto engine =
      load({.model_path =
                copy_with({{"1_Pooling/config.json", R"({"pooling_mode":["mean","cls"],"include_prompt":false})"}})});
  const auto left = engine->embed({.inputs = {"hello world this is a long text"},
                                   .prompt = "query: ",
                                   .truncation = Truncation::left,
                                   .max_length = 5});
  ASSERT_TRUE(left[0]) << left[0].error().message;
  EXPECT_EQ(left[0]->dense.size(), 128u);
  EXPECT_NE(left[0]->dense[0], 0.0f);
  const auto right = engine->embed({.inputs = {"hello"}, .prompt = "a long prompt that fills it all", .max_length = 5});
  ASSERT_FALSE(right[0]);
  EXPECT_EQ(right[0].error().code, Code::invalid_argument);
}

TEST(Engine, LoadsCrossEncodersAsSentenceTransformersSavesThem) {
  const fs::path folder = fs::path(testing::TempDir()) / "fletcher-saved-cross-encoder";
  fs::remove_all(folder);
  fs::copy(kReranker, folder, fs::copy_options::recursive);
  std::ofstream(folder / "modules.json")
      << R"([{"type":"sentence_transformers.base.modules.transformer.Transformer","path":""}])";
  std::ofstream(folder / "config_sentence_transformers.json")
      << R"({"model_type":"CrossEncoder","activation_fn":"torch.nn.modules.linear.Identity"})";
  const auto engine = load({.model_path = folder.string()});
  EXPECT_TRUE(engine->info().classifier);
  EXPECT_EQ(engine->info().score_activation, "identity");
  EXPECT_EQ(engine->score({-3.0f}), -3.0f);
}

TEST(Engine, FingerprintsContentNotPlace) {
  const std::string plain = copy_with({});
  const fs::path linked = fs::path(testing::TempDir()) / "fletcher-linked-model";
  fs::remove_all(linked);
  fs::create_directories(linked);
  for (const auto& entry : fs::directory_iterator(plain)) {
    if (entry.is_regular_file()) fs::create_symlink(entry.path(), linked / entry.path().filename());
  }
  fs::copy(fs::path(plain) / "1_Pooling", linked / "1_Pooling", fs::copy_options::recursive);
  EXPECT_EQ(load({.model_path = plain})->fingerprint().value(),
            load({.model_path = linked.string()})->fingerprint().value());
}

TEST(Engine, IsNamedByItsFolderOrWhatItWasPulledBy) {
  const fs::path root = fs::path(testing::TempDir()) / "fletcher-named";
  const auto name_in = [&](const fs::path& place) {
    fs::remove_all(root);
    fs::create_directories((root / place).parent_path());
    fs::copy(kBert, root / place, fs::copy_options::recursive);
    return load({.model_path = (root / place / "").string()})->info().name;
  };
  EXPECT_EQ(name_in("my-model"), "my-model");
  EXPECT_EQ(name_in("acme--tiny-embed/main"), "tiny-embed");
  EXPECT_EQ(name_in("models--acme--tiny-embed/snapshots/0123abcd"), "tiny-embed");
}

TEST(Engine, SaysWhichPromptsThereAre) {
  const auto engine = load({.model_path = kBert});
  const auto items = engine->embed({.inputs = {"a"}, .prompt_name = "query"});
  EXPECT_EQ(items[0].error().message, "prompt_name \"query\", this model has no prompts");
}

/// A copy of the tiny model with one file replaced or (content empty) removed.
std::string broken_copy(const std::string& file, const std::string& content) {
  const fs::path folder = fs::path(testing::TempDir()) / "fletcher-broken-model";
  fs::remove_all(folder);
  fs::copy(kBert, folder, fs::copy_options::recursive);
  if (content.empty()) {
    fs::remove(folder / file);
  } else {
    std::ofstream(folder / file) << content;
  }
  return folder.string();
}

std::string load_error(const std::string& folder) {
  const auto engine = Engine::load({.model_path = folder});
  return engine ? "" : engine.error().message;
}

TEST(Engine, NamesTheFileAndFieldOfABrokenModel) {
  struct Row {
    std::string file, content, wanted;
  };
  const std::string config =
      R"({"architectures":["BertModel"],"vocab_size":900,"hidden_size":64,"num_hidden_layers":3,)";
  const std::vector<Row> table = {
      {"config.json", "", "config.json: cannot open"},
      {"model.safetensors", "", "no weights, wanted model.safetensors"},
      {"tokenizer.json", "", "no tokenizer, wanted tokenizer.json or vocab.txt"},
      {"config.json", "{", "config.json: not well-formed JSON"},
      {"config.json", R"({"architectures":["GPT2Model"]})", "\"GPT2Model\" is not supported, wanted one of BertModel"},
      {"config.json", R"({"architectures":["BertModel"],"vocab_size":"many"})",
       "config.json: \"vocab_size\": \"many\""},
      {"config.json", config + R"("num_attention_heads":4,"intermediate_size":161,"max_position_embeddings":128})",
       "tensor encoder.layer.0.intermediate.dense.weight: shape [160, 64], but config.json asks for [161, 64]"},
      {"config.json", config + R"("num_attention_heads":5,"intermediate_size":160,"max_position_embeddings":128})",
       "is no multiple of \"num_attention_heads\": 5"},
      {"config.json",
       config + R"("num_attention_heads":4,"intermediate_size":160,"max_position_embeddings":128,"hidden_act":"mish"})",
       "activation \"mish\""},
      {"model.safetensors", "garbage!", "model.safetensors: header"},
      {"tokenizer.json", R"({"model":{"type":"BPE","vocab":{}}})",
       "tokenizer.json: model: type \"BPE\" is not supported"},
      {"modules.json", R"([{"type":"sentence_transformers.models.Warp","path":""}])",
       "module \"sentence_transformers.models.Warp\""},
      {"1_Pooling/config.json", R"({"pooling_mode_mean_tokens":false})",
       "1_Pooling/config.json: no pooling mode is true"},
  };
  for (const Row& row : table) {
    const std::string message = load_error(broken_copy(row.file, row.content));
    EXPECT_NE(message.find(row.wanted), std::string::npos) << row.file << ": " << message;
  }
  EXPECT_NE(load_error("/nowhere"), "");
}

}  // namespace
}  // namespace fletcher
