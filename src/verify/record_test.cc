#include "verify/record.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <limits>

#include "base/file.h"
#include "base/json.h"
#include "fletcher/version.h"
#include "verify/record_store.h"

namespace fletcher::verify {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

AccuracyRecord sample(const std::string& precision = "bf16", double tokens_per_second = 100) {
  AccuracyRecord record;
  record.key = {"00ff", FLETCHER_VERSION, "cpu (avx512)", precision, "", "d1"};
  record.model = "name";
  record.measured = "2026-11-30T12:00:00Z";
  record.pairs_name = "built-in";
  record.corpus_name = "corpus";
  record.pairs = 3;
  record.queries = 2;
  record.documents = 5;
  record.reference = "reference";
  record.agreement = {.texts = 13, .cosine_min = 0.9995, .cosine_mean = 0.9999, .max_abs_difference = 0.25};
  record.quality = {.spearman = 0.8125, .ndcg_at_10 = 0.5};
  record.fp32_quality = {.spearman = 0.8130, .ndcg_at_10 = 0.5625};
  record.threads = 2;
  record.tokens_per_second = tokens_per_second;
  record.gflops = 50;
  record.peak_gflops = 200;
  record.weight_bytes = 1000;
  record.workspace_bytes = 2000;
  return record;
}

std::string json_of(const AccuracyRecord& record) {
  JsonWriter json;
  write_record(json, record);
  return json.str();
}

TEST(AccuracyRecord, IsAnObjectThatScriptsCanRead) {
  const auto json = Json::parse(json_of(sample()), "record");
  ASSERT_TRUE(json);
  EXPECT_EQ(*(*json)["precision"].as_string(), "bf16");
  EXPECT_EQ(*(*json)["cosine"]["min"].as_number(), 0.9995);
  EXPECT_EQ(*(*json)["ndcg_at_10"]["loss"].as_number(), 0.0625);
  EXPECT_EQ(*(*json)["percent_of_peak"].as_number(), 25);
  EXPECT_TRUE((*json)["score_spearman"].is_null());
}

TEST(AccuracyRecord, ReadsBackWhatItWrote) {
  AccuracyRecord record = sample();
  const auto back = parse_record(json_of(record), "file");
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->key, record.key);
  EXPECT_EQ(json_of(*back), json_of(record));

  record.classifier = true;
  record.agreement = {.texts = 4, .max_abs_difference = std::numeric_limits<double>::infinity(), .score_spearman = 0.5};
  record.peak_gflops = 0;
  const auto other = parse_record(json_of(record), "file");
  ASSERT_TRUE(other) << other.error().message;
  EXPECT_EQ(json_of(*other), json_of(record));
  EXPECT_EQ(other->agreement.max_abs_difference, std::numeric_limits<double>::infinity());
}

TEST(AccuracyRecord, NamesTheFileAndTheFieldThatIsMissing) {
  std::string text = json_of(sample());
  text.replace(text.find("\"min\""), 5, "\"mix\"");
  EXPECT_THAT(parse_record(text, "f.json").error().message, HasSubstr("f.json: \"min\": missing"));
  EXPECT_THAT(parse_record("{}", "f.json").error().message, HasSubstr("f.json: \"model\": missing"));
  EXPECT_THAT(parse_record("", "f.json").error().message, HasSubstr("f.json"));
}

TEST(ChoosePrecision, TakesTheFastestThatIsAccurate) {
  const std::vector<std::string> all = {"fp32", "bf16", "int8"};
  std::vector<AccuracyRecord> records = {sample("fp32", 10), sample("bf16", 20), sample("int8", 40)};
  EXPECT_EQ(choose_precision(records, all), "int8");
  records[2].agreement.cosine_min = 0.9989;
  EXPECT_EQ(choose_precision(records, all), "bf16");
  records[2].agreement.cosine_min = 0.999;
  EXPECT_EQ(choose_precision(records, all), "int8");
  records[2].quality.spearman = records[2].fp32_quality.spearman - 0.0011;
  EXPECT_EQ(choose_precision(records, all), "bf16");
  records[1].tokens_per_second = 5;
  EXPECT_EQ(choose_precision(records, all), "fp32");
}

TEST(ChoosePrecision, TrustsAPrecisionOnlyIfItIsAccurateOnAllTexts) {
  const std::vector<std::string> all = {"fp32", "bf16"};
  std::vector<AccuracyRecord> records = {sample("fp32", 10), sample("bf16", 20), sample("bf16", 20)};
  records[2].key.texts = "d2";
  records[2].agreement.cosine_min = 0.5;
  EXPECT_EQ(choose_precision(records, all), "fp32");
}

TEST(ChoosePrecision, IsFp32WithoutARecordOrSupport) {
  const std::vector<std::string> all = {"fp32", "bf16"};
  EXPECT_EQ(choose_precision({}, all), "fp32");
  EXPECT_EQ(choose_precision(std::vector{sample("int8", 40)}, all), "fp32");
  EXPECT_EQ(choose_precision(std::vector{sample("bf16", 40)}, all), "bf16");
}

TEST(ChoosePrecision, JudgesCrossEncodersByTheOrderOfTheirScores) {
  const std::vector<std::string> all = {"fp32", "bf16"};
  std::vector<AccuracyRecord> records = {sample("bf16")};
  records[0].classifier = true;
  records[0].agreement.score_spearman = 0.9985;
  EXPECT_EQ(choose_precision(records, all), "fp32");
  records[0].agreement.score_spearman = 0.9995;
  EXPECT_EQ(choose_precision(records, all), "bf16");
}

class Store : public testing::Test {
 protected:
  Store() : cache_((fs::path(testing::TempDir()) / "verify-store").string()), store_(cache_) { fs::remove_all(cache_); }
  ~Store() override { fs::remove_all(cache_); }
  std::string save(const AccuracyRecord& record) const { return store_.save(record).value_or("not saved"); }

  std::string cache_;
  RecordStore store_;
};

TEST_F(Store, KeepsARecordForEachKey) {
  EXPECT_FALSE(store_.has_records());
  EXPECT_THAT(store_.load("00ff"), IsEmpty());
  AccuracyRecord other_texts = sample();
  other_texts.key.texts = "d2";
  AccuracyRecord other_device = sample();
  other_device.key.device = "cpu (avx2)";
  for (const AccuracyRecord& record : {sample(), sample("int8"), other_texts, other_device}) {
    EXPECT_THAT(save(record), HasSubstr(cache_));
  }
  EXPECT_TRUE(store_.has_records());
  const auto records = store_.load("00ff");
  ASSERT_THAT(records, SizeIs(4));
  EXPECT_EQ(records[0].key, other_device.key);
  EXPECT_EQ(records[3].key.precision, "int8");
  EXPECT_EQ(json_of(records[1]), json_of(sample()));
}

TEST_F(Store, ReplacesTheRecordOfTheSameKey) {
  save(sample("bf16", 100));
  save(sample("bf16", 200));
  const auto records = store_.load("00ff");
  ASSERT_THAT(records, SizeIs(1));
  EXPECT_EQ(records[0].tokens_per_second, 200);
}

TEST_F(Store, NeverReadsTheRecordOfAnotherModelOrVersion) {
  const std::string path = save(sample());
  EXPECT_THAT(store_.load("00fe"), IsEmpty());
  fs::create_directories(cache_ + "/accuracy/00fe");
  fs::copy_file(path, cache_ + "/accuracy/00fe/copied.json");
  EXPECT_THAT(store_.load("00fe"), IsEmpty());
  AccuracyRecord old = sample();
  old.key.version = "0.0.1";
  save(old);
  EXPECT_THAT(store_.load("00ff"), IsEmpty());
}

TEST_F(Store, PassesOverWhatItCannotRead) {
  const std::string path = save(sample());
  std::ofstream(fs::path(path).parent_path() / "torn.json") << json_of(sample()).substr(0, 100);
  std::ofstream(fs::path(path).parent_path() / "notes.txt") << "not a record";
  EXPECT_THAT(store_.load("00ff"), SizeIs(1));
}

TEST_F(Store, SaysWhereItCannotWrite) {
  std::ofstream(cache_) << "a file where the cache should be";
  const auto saved = store_.save(sample());
  ASSERT_FALSE(saved);
  EXPECT_THAT(saved.error().message, HasSubstr(cache_));
  EXPECT_THAT(store_.load("00ff"), IsEmpty());
}

}  // namespace
}  // namespace fletcher::verify
