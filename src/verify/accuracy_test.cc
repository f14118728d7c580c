#include "verify/accuracy.h"

#include <gmock/gmock.h>

#include "fletcher/version.h"

namespace fletcher::verify {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::SizeIs;

// An fp32 vector of unit length against one in double.
constexpr double kLeastFp32Cosine = 0.999999;
constexpr double kMostFp32Difference = 1e-5;

const std::vector<std::string> kFp32 = {"fp32"};

VerifyTexts small_texts() {
  VerifyTexts texts;
  texts.pairs = {{"a wing in a slipstream", "lift", 3}, {"heat", "the cat sleeps", 0}, {"shock waves", "waves", 2}};
  texts.corpus.documents = {{"d0", "lift of a wing"}, {"d1", "heat transfer"}, {"d2", "a warm printer"}};
  texts.corpus.queries = {{"q0", "how does a wing lift?", {{0, 2}, {1, 1}}}};
  texts.digest = "small";
  return texts;
}

AccuracyOptions options_for(const std::string& model, const VerifyTexts& texts) {
  return {.engine = {.model_path = std::string(FLETCHER_TEST_DATA "/models/tiny/") + model, .threads = 2},
          .precisions = kFp32,
          .texts = texts};
}

TEST(MeasureAccuracy, ComparesASmallJobWithTheReferenceDevice) {
  const VerifyTexts texts = small_texts();
  const auto records = measure_accuracy(options_for("bert", texts));
  ASSERT_TRUE(records) << records.error().message;
  ASSERT_THAT(*records, SizeIs(1));
  const AccuracyRecord& record = records->front();
  EXPECT_EQ(record.model, "bert");
  EXPECT_THAT(record.key.fingerprint, SizeIs(32));
  EXPECT_EQ(record.key.version, FLETCHER_VERSION);
  EXPECT_THAT(record.key.device, HasSubstr("cpu"));
  EXPECT_EQ(record.key.precision, "fp32");
  EXPECT_EQ(record.key.texts, "small");
  EXPECT_EQ(record.reference, "reference");
  EXPECT_EQ(record.agreement.texts, 10u);
  EXPECT_GE(record.agreement.cosine_min, kLeastFp32Cosine);
  EXPECT_GE(record.agreement.cosine_mean, record.agreement.cosine_min);
  EXPECT_GT(record.agreement.max_abs_difference, 0) << "compared with itself?";
  EXPECT_LE(record.agreement.max_abs_difference, kMostFp32Difference);
  EXPECT_GT(record.quality.ndcg_at_10, 0);
  EXPECT_EQ(record.pairs, 3u);
  EXPECT_EQ(record.documents, 3u);
  EXPECT_GT(record.tokens_per_second, 0);
  EXPECT_GT(record.gflops, 0);
  EXPECT_EQ(record.threads, 2u);
  EXPECT_GT(record.weight_bytes, 0u);
}

TEST(MeasureAccuracy, ComparesALargerJobWithTheReferenceInPart) {
  const VerifyTexts texts = small_texts();
  AccuracyOptions options = options_for("bert", texts);
  options.reference_flops = 1;
  const auto records = measure_accuracy(options);
  ASSERT_TRUE(records) << records.error().message;
  EXPECT_EQ(records->front().reference, "reference");
  EXPECT_EQ(records->front().agreement.texts, 1u) << "the shortest text alone";
  EXPECT_GT(records->front().agreement.max_abs_difference, 0);
}

TEST(MeasureAccuracy, ComparesAnotherInstructionSetOfALargerJobInPartToo) {
  const VerifyTexts texts = small_texts();
  AccuracyOptions options = options_for("bert", texts);
  options.engine.isa = "scalar";
  options.reference_flops = 3e6;
  const auto records = measure_accuracy(options);
  ASSERT_TRUE(records) << records.error().message;
  EXPECT_EQ(records->front().key.device, "cpu (scalar)");
  EXPECT_GT(records->front().agreement.texts, 1u);
  EXPECT_LT(records->front().agreement.texts, 10u);
}

TEST(MeasureAccuracy, ComparesScoresOfACrossEncoder) {
  const VerifyTexts texts = small_texts();
  const auto records = measure_accuracy(options_for("bert_reranker", texts));
  ASSERT_TRUE(records) << records.error().message;
  const AccuracyRecord& record = records->front();
  EXPECT_TRUE(record.classifier);
  EXPECT_EQ(record.agreement.texts, 6u);
  EXPECT_EQ(record.agreement.score_spearman, 1);
  EXPECT_GT(record.agreement.max_abs_difference, 0);
  EXPECT_LE(record.agreement.max_abs_difference, 5e-5) << "the bound of the golden values of logits";
}

TEST(MeasureAccuracy, AsksForThePeakOfTheDeviceThatItMeasured) {
  const VerifyTexts texts = small_texts();
  AccuracyOptions options = options_for("bert", texts);
  std::vector<std::string> phases;
  options.measure_peak = [](const ModelInfo& info, size_t threads) {
    EXPECT_EQ(info.precision, "fp32");
    EXPECT_EQ(threads, 2u);
    return 1000.0;
  };
  options.progress = [&](std::string_view phase, size_t done, size_t total) {
    EXPECT_LE(done, total);
    phases.emplace_back(phase);
  };
  const auto records = measure_accuracy(options);
  ASSERT_TRUE(records) << records.error().message;
  EXPECT_EQ(records->front().peak_gflops, 1000);
  EXPECT_NEAR(records->front().percent_of_peak(), records->front().gflops / 10, 1e-9);
  EXPECT_THAT(phases, Contains("fp32"));
  EXPECT_THAT(phases, Contains("reference"));
}

TEST(MeasureAccuracy, RefusesWhatTheDeviceLacks) {
  const VerifyTexts texts = small_texts();
  AccuracyOptions options = options_for("bert", texts);
  const std::vector<std::string> unknown = {"fp8"};
  options.precisions = unknown;
  EXPECT_THAT(measure_accuracy(options).error().message, HasSubstr("precision \"fp8\" is not available on cpu"));
  options.engine.device = "abacus";
  EXPECT_EQ(measure_accuracy(options).error().code, Code::not_found);
}

}  // namespace
}  // namespace fletcher::verify
