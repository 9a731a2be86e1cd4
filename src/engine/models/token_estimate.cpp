// SPDX-License-Identifier: MIT
#include "engine/models/token_estimate.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/models/image_tokens.h"
#include "foundation/base/text.h"

namespace pryx::models {
namespace {

// What is counted. The names and their order are those of tools/tokens/fit.py.
enum Feature : std::uint8_t {
  kSpacedEnglish,  // words among spaces, when the text has as many function words as English has
  kLongEnglish,    // their letters beyond the sixth
  kVeryLongEnglish,
  kSpacedOther,  // the same in other languages
  kLongOther,
  kVeryLongOther,
  kShortOther,  // up to three letters
  kCodeWords,   // words among punctuation, and the pieces of camelCase
  kCodeLong,
  kLatinWest,  // letters with accents: up to U+00FF, up to U+019F, and the rest
  kLatinEast,
  kLatinFar,
  kDigitGroups,  // of three
  kDigits,
  kNoiseLetters,  // in hashes, ids and base64: letters and digits that change places
  kNoiseGroups,
  kNoiseDigits,
  kPunctRuns,
  kPunctGlued,  // one mark right before a word
  kPunct,
  kNewlines,
  kIndents,
  kPadding,
  kCyrillic,
  kCyrillicWords,
  kGreek,
  kArabic,
  kHebrew,
  kDevanagari,
  kThai,
  kHan,
  kHanPairs,  // two that stand together so often that tokenizers know them as one
  kKana,
  kKanaJoined,
  kHangul,
  kEmoji,
  kJoiners,
  kSymbols,
  kWidePunct,
  kFeatures
};
using Counts = std::array<float, kFeatures>;

// Made by tools/tokens/fit.py from what real tokenizers counted.
constexpr Counts kWeights[] = {
    {{1.063F, 0.000F, 0.986F, 1.643F, 0.000F, 0.739F, 0.656F, 0.906F, 0.178F, 0.196F,
      1.091F, 0.283F, 1.213F, 0.000F, 0.578F, 0.747F, 0.000F, 0.884F, 0.300F, 0.135F,
      0.144F, 1.501F, 1.012F, 0.000F, 1.863F, 0.465F, 0.369F, 0.447F, 0.376F, 0.467F,
      1.096F, 0.705F, 0.876F, 1.558F, 0.816F, 2.072F, 0.434F, 2.088F, 0.000F}},  // kOpenAi
    {{1.160F, 0.088F, 0.000F, 2.616F, 0.033F, 0.796F, 0.742F, 1.306F, 0.000F, 0.000F,
      2.212F, 2.787F, 0.561F, 0.276F, 0.599F, 0.771F, 0.000F, 0.000F, 0.909F, 0.382F,
      1.100F, 0.000F, 0.439F, 0.044F, 3.394F, 1.326F, 1.127F, 1.070F, 1.387F, 1.764F,
      1.585F, 0.990F, 0.732F, 3.068F, 1.573F, 2.699F, 0.530F, 1.934F, 0.000F}},  // kAnthropic
    {{1.036F, 0.000F, 0.451F, 1.436F, 0.000F, 0.905F, 0.776F, 0.560F, 0.404F, 0.160F,
      0.975F, 0.000F, 0.000F, 0.955F, 0.611F, 0.120F, 0.929F, 1.390F, 1.105F, 0.000F,
      1.052F, 0.292F, 1.743F, 0.000F, 1.675F, 0.473F, 0.376F, 0.502F, 0.332F, 0.373F,
      0.824F, 0.838F, 0.771F, 0.656F, 0.738F, 1.255F, 0.362F, 1.418F, 0.000F}},  // kGoogle
    {{1.000F, 0.275F, 0.000F, 1.964F, 0.097F, 0.000F, 0.822F, 0.923F, 0.074F, 0.000F,
      0.744F, 0.000F, 1.085F, 0.000F, 0.635F, 0.704F, 0.000F, 1.227F, 0.389F, 0.000F,
      0.000F, 0.807F, 0.442F, 0.021F, 1.816F, 0.472F, 0.457F, 1.208F, 0.647F, 0.529F,
      1.081F, 0.909F, 0.687F, 1.610F, 0.797F, 3.033F, 0.553F, 1.529F, 0.000F}},  // kLlama
};

// Common words of Chinese and Japanese, as a sample of what vocabularies hold.
constexpr std::string_view kCommonHan =
    "我们 你们 他们 她们 自己 大家 什么 怎么 这个 那个 这些 那些 这里 那里 一个 一些 一样 一下 一起 一直 "
    "一定 没有 不是 不能 不会 不要 不同 还是 "
    "只是 可以 可能 可是 但是 因为 所以 如果 虽然 而且 或者 以及 以后 以前 之后 之前 现在 已经 正在 开始 "
    "完成 进行 通过 关于 对于 根据 按照 为了 "
    "由于 时候 时间 今天 明天 昨天 今年 去年 问题 工作 公司 中国 国家 社会 经济 政治 文化 教育 学校 学生 "
    "大学 老师 孩子 先生 朋友 生活 世界 城市 "
    "地方 部门 服务 系统 数据 信息 技术 网络 网站 软件 程序 文件 用户 用戶 登录 密码 号码 手机 电话 电脑 "
    "地址 名称 内容 方法 方式 方面 情况 条件 "
    "结果 原因 目的 计划 管理 开发 设计 使用 需要 提供 提交 提高 支持 联系 确认 修改 选择 设置 更新 升级 "
    "下载 发现 发生 影响 重要 主要 必须 应该 "
    "任务 报表 订单 收货 稳定 运行 立即 感谢 理解 配合 技術 時間 問題 工作 使用 資料 情報 時候 我們 沒有 "
    "可以 因為 如果 已經 開始 這個 老闆 學生 "
    "必要 場合 利用 処理 機能 設定 作成 表示 確認 変更 更新 接続 電源 通常 実行 完了 開始 終了 発生 番号 "
    "画面 重要 可能 一部 時計 今日 明日 日本 "
    "会社 仕事 学校 先生 学生 人間 自分 世界 問題 方法 結果 情報 会議 電話 新聞 来月 来年 毎日 最近 価格 "
    "商品 注文 質問 回答 説明 紹介 "
    "比较 非常 特别 最后 第一 其他 任何 所有 许多 很多 有些 起来 出来 过去 知道 觉得 认为 希望 喜欢 告诉 "
    "看到 听到 东西 事情 女人 男人 母亲 父亲 "
    "早上 晚上 下午 上午 小时 分钟 星期 周末 北京 上海 美国 日本 政府 市场 企业 产品 项目 客户 银行 价格 "
    "质量 发展 研究 活动 关系 作用 能力 水平";
constexpr std::string_view kCommonKana =
    "です ます でした ました ません して した する され れた れる った って ている ていた ください から まで "
    "より など ため こと もの ところ とき とも "
    "という として において による によって について ない なく なか なる なっ なり でき には では とは のは "
    "のが ので のに だが だけ たり たら "
    "ながら ありが とう ござ いま さい さん それ これ どれ あれ この その あの どの ここ そこ どこ いる ある "
    "あり おり よう そう また まだ もう "
    "データ エラー サーバ ネット ワーク ソフト ウェア システム ファイル ユーザー サポート センター ボタン "
    "バック アップ プロ グラム サービス メール インター";

constexpr std::string_view kFunctionWords[] = {"the", "of",   "and", "to",   "a",    "in",  "is", "that",
                                               "it",  "for",  "on",  "was",  "with", "as",  "be", "at",
                                               "by",  "this", "are", "from", "or",   "had", "he"};
constexpr float kEnglishShare = 0.12F;  // of function words among all, from which on a text counts as English

enum class Kind : std::uint8_t {
  kLetter,
  kDigit,
  kSpace,
  kNewline,
  kTab,
  kPunct,
  kLatin,
  kGreek,
  kCyrillic,
  kHebrew,
  kArabic,
  kIndic,
  kThai,
  kKana,
  kHan,
  kHangul,
  kWidePunct,
  kJoiner,
  kEmoji,
  kSymbol
};

constexpr bool in(char32_t c, char32_t first, char32_t beyond) { return c >= first && c < beyond; }

constexpr Kind ascii_kind(char32_t c) {
  if (in(c, 'a', 'z' + 1) || in(c, 'A', 'Z' + 1)) return Kind::kLetter;
  if (in(c, '0', '9' + 1)) return Kind::kDigit;
  if (c == ' ') return Kind::kSpace;
  if (c == '\n' || c == '\r') return Kind::kNewline;
  return c == '\t' ? Kind::kTab : Kind::kPunct;
}
constexpr auto kAsciiKinds = [] {
  std::array<Kind, 128> kinds{};
  for (char32_t c = 0; c < 128; ++c) kinds[c] = ascii_kind(c);
  return kinds;
}();

struct Range {
  char32_t first, beyond;
  Kind kind;
};
constexpr Range kRanges[] = {
    {0xAB, 0xAC, Kind::kWidePunct},   {0xBB, 0xBC, Kind::kWidePunct},    {0xC0, 0xD7, Kind::kLatin},
    {0xD8, 0xF7, Kind::kLatin},       {0xF8, 0x250, Kind::kLatin},       {0x370, 0x400, Kind::kGreek},
    {0x400, 0x530, Kind::kCyrillic},  {0x590, 0x600, Kind::kHebrew},     {0x600, 0x780, Kind::kArabic},
    {0x900, 0xE00, Kind::kIndic},     {0xE00, 0x1100, Kind::kThai},      {0x1100, 0x1200, Kind::kHangul},
    {0x1E00, 0x1F00, Kind::kLatin},   {0x200D, 0x200E, Kind::kJoiner},   {0x2010, 0x2040, Kind::kWidePunct},
    {0x2600, 0x27C0, Kind::kEmoji},   {0x2B50, 0x2B56, Kind::kEmoji},    {0x3000, 0x3040, Kind::kWidePunct},
    {0x3040, 0x3100, Kind::kKana},    {0x3400, 0xA000, Kind::kHan},      {0xAC00, 0xD7B0, Kind::kHangul},
    {0xF900, 0xFB00, Kind::kHan},     {0xFE00, 0xFE10, Kind::kJoiner},   {0xFF00, 0xFFF0, Kind::kWidePunct},
    {0x1F000, 0x1F3FB, Kind::kEmoji}, {0x1F3FB, 0x1F400, Kind::kJoiner}, {0x1F400, 0x20000, Kind::kEmoji},
    {0x20000, 0x32000, Kind::kHan},
};

Kind kind_of(char32_t c) {
  if (c < 128) return kAsciiKinds[c];
  const auto* after = std::ranges::upper_bound(kRanges, c, {}, &Range::first);
  if (after == std::begin(kRanges) || c >= std::prev(after)->beyond) return Kind::kSymbol;
  return std::prev(after)->kind;
}

struct CodePoint {
  char32_t value = 0;
  std::uint32_t size = 1;  // bytes
};

// Bytes that are no UTF-8 count as themselves.
CodePoint decode(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::uint32_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;
  if (size == 1 || at + size > text.size()) return {0xFFFD, 1};
  char32_t value = first & (0x7FU >> size);
  for (std::uint32_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {0xFFFD, 1};
    value = (value << 6) | (byte(i) & 0x3F);
  }
  return {value, size};
}

// Up to four code points of the Basic Multilingual Plane in one number.
std::vector<std::uint64_t> keys_of(std::string_view words) {
  std::vector<std::uint64_t> keys;
  for (const std::string_view word : split(words, ' ')) {
    std::uint64_t key = 0;
    for (std::size_t at = 0; at < word.size();) {
      const CodePoint c = decode(word, at);
      key = (key << 16) | (c.value & 0xFFFF);
      at += c.size;
    }
    keys.push_back(key);
  }
  std::ranges::sort(keys);
  return keys;
}

bool is_upper(char32_t c) { return in(c, 'A', 'Z' + 1) || in(c, 0xC0, 0xDF); }
bool is_word(Kind k) { return k == Kind::kLetter || k == Kind::kDigit || k == Kind::kLatin; }

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  const Counts& scan() {
    while (at_ < text_.size()) {
      const CodePoint c = decode(text_, at_);
      const Kind kind = kind_of(c.value);
      if (is_word(kind))
        take_run_of_words();
      else
        take_other(c, kind);
    }
    const float english = spaced_ > 0 ? std::min(1.0F, functions_ / spaced_ / kEnglishShare) : 0.0F;
    counts_[kSpacedEnglish] = spaced_ * english;
    counts_[kLongEnglish] = long_ * english;
    counts_[kVeryLongEnglish] = very_long_ * english;
    counts_[kSpacedOther] = (spaced_ - short_) * (1 - english);
    counts_[kLongOther] = long_ * (1 - english);
    counts_[kVeryLongOther] = very_long_ * (1 - english);
    counts_[kShortOther] = short_ * (1 - english);
    return counts_;
  }

 private:
  // The end of a run of one kind (or two), and how many code points it has.
  std::pair<std::size_t, float> run_of(Kind a, Kind b) const {
    std::size_t end = at_;
    float size = 0;
    while (end < text_.size()) {
      const CodePoint c = decode(text_, end);
      const Kind kind = kind_of(c.value);
      if (kind != a && kind != b) break;
      end += c.size;
      ++size;
    }
    return {end, size};
  }

  void take_run_of_words() {
    std::size_t end = at_;
    float size = 0, digits = 0, changes = 0;
    bool was_digit = false;
    while (end < text_.size()) {
      const CodePoint c = decode(text_, end);
      const Kind kind = kind_of(c.value);
      if (!is_word(kind)) break;
      const bool is_digit = kind == Kind::kDigit;
      if (kind == Kind::kLatin)
        ++counts_[c.value < 0x100 ? kLatinWest : c.value < 0x1A0 ? kLatinEast : kLatinFar];
      if (size > 0 && is_digit != was_digit) ++changes;
      was_digit = is_digit;
      digits += is_digit ? 1 : 0;
      end += c.size;
      ++size;
    }
    if (changes >= 2 && size >= 4) {
      counts_[kNoiseLetters] += size - digits;
      counts_[kNoiseDigits] += digits;
      counts_[kNoiseGroups] += changes + 1;
      at_ = end;
      return;
    }
    while (at_ < end) take_piece(end);
  }

  // Digits, or the letters up to the next capital.
  void take_piece(std::size_t end) {
    const std::size_t begin = at_;
    CodePoint last = decode(text_, at_);
    const bool is_number = kind_of(last.value) == Kind::kDigit;
    const char32_t first = last.value;
    char32_t second = 0;
    float size = 0;
    do {
      at_ += last.size;
      ++size;
      if (at_ >= end) break;
      const CodePoint next = decode(text_, at_);
      if ((kind_of(next.value) == Kind::kDigit) != is_number) break;
      if (!is_number && !is_upper(last.value) && in(next.value, 'A', 'Z' + 1)) break;
      if (size == 1) second = next.value;
      last = next;
    } while (true);
    if (is_number) {
      counts_[kDigits] += size;
      counts_[kDigitGroups] += std::ceil(size / 3);
      return;
    }
    const char before = begin > 0 ? text_[begin - 1] : '\n';
    const char after = at_ < text_.size() ? text_[at_] : '\n';
    const bool is_capitals = size > 1 && is_upper(first) && is_upper(second);
    const bool is_spaced = (before == ' ' || before == '\n') &&
                           std::string_view(" \n,.;:!?)").find(after) != std::string_view::npos &&
                           !is_capitals;
    if (!is_spaced) {
      ++counts_[kCodeWords];
      counts_[kCodeLong] += std::max(0.0F, size - 5);
      return;
    }
    ++spaced_;
    long_ += std::max(0.0F, size - 6);
    very_long_ += std::max(0.0F, size - 10);
    if (size <= 3) ++short_;
    if (size <= 4 &&
        std::ranges::find(kFunctionWords, text_.substr(begin, at_ - begin)) != std::end(kFunctionWords))
      ++functions_;
  }

  void take_other(CodePoint c, Kind kind) {
    switch (kind) {
      case Kind::kPunct: {
        const auto [end, size] = run_of(Kind::kPunct, Kind::kPunct);
        const bool glued = size == 1 && end < text_.size() && is_glue(end);
        if (glued) {
          ++counts_[kPunctGlued];
        } else {
          ++counts_[kPunctRuns];
          counts_[kPunct] += size;
        }
        at_ = end;
        return;
      }
      case Kind::kNewline:
      case Kind::kTab:
        at_ = run_of(Kind::kNewline, Kind::kTab).first;
        ++counts_[kNewlines];
        return;
      case Kind::kSpace: {
        const bool indents =
            at_ > 0 && (text_[at_ - 1] == '\n' || text_[at_ - 1] == '\r' || text_[at_ - 1] == '\t');
        const auto [end, size] = run_of(Kind::kSpace, Kind::kSpace);
        if (size > 1) ++counts_[indents ? kIndents : kPadding];
        at_ = end;
        return;
      }
      case Kind::kCyrillic: {
        const auto [end, size] = run_of(Kind::kCyrillic, Kind::kCyrillic);
        ++counts_[kCyrillicWords];
        counts_[kCyrillic] += size;
        at_ = end;
        return;
      }
      case Kind::kHan:
        return take_joined(c, han_pairs(), 2, kHan, kHanPairs);
      case Kind::kKana:
        return take_joined(c, joined_kana(), 4, kKana, kKanaJoined);
      default:
        ++counts_[feature_of(kind)];
        at_ += c.size;
    }
  }

  bool is_glue(std::size_t at) const {
    const Kind kind = kind_of(decode(text_, at).value);
    return kind == Kind::kLetter || kind == Kind::kLatin;
  }

  // The longest entry of the list that stands here, else one character.
  void take_joined(CodePoint first, const std::vector<std::uint64_t>& list, int longest, Feature single,
                   Feature joined) {
    std::uint64_t key = 0;
    std::size_t end = at_, found = 0;
    for (int n = 1; n <= longest && end < text_.size(); ++n) {
      const CodePoint c = decode(text_, end);
      if (c.value < 0x80 || c.value > 0xFFFF) break;
      key = (key << 16) | c.value;
      end += c.size;
      if (n > 1 && std::ranges::binary_search(list, key)) found = end;
    }
    ++counts_[found > 0 ? joined : single];
    at_ = found > 0 ? found : at_ + first.size;
  }

  static const std::vector<std::uint64_t>& han_pairs() {
    static const std::vector<std::uint64_t> kKeys = keys_of(kCommonHan);
    return kKeys;
  }
  static const std::vector<std::uint64_t>& joined_kana() {
    static const std::vector<std::uint64_t> kKeys = keys_of(kCommonKana);
    return kKeys;
  }

  static Feature feature_of(Kind kind) {
    switch (kind) {
      case Kind::kGreek:
        return kGreek;
      case Kind::kHebrew:
        return kHebrew;
      case Kind::kArabic:
        return kArabic;
      case Kind::kIndic:
        return kDevanagari;
      case Kind::kThai:
        return kThai;
      case Kind::kHangul:
        return kHangul;
      case Kind::kEmoji:
        return kEmoji;
      case Kind::kJoiner:
        return kJoiners;
      case Kind::kWidePunct:
        return kWidePunct;
      default:
        return kSymbols;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Counts counts_{};
  float spaced_ = 0, long_ = 0, very_long_ = 0, short_ = 0, functions_ = 0;
};

// What the wire puts around each message, and around a tool: roles, separators, the words of the schema.
constexpr std::int64_t kPerMessage = 4;
constexpr std::int64_t kPerCall = 8;
constexpr std::int64_t kPerTool = 12;
constexpr std::int64_t kFileToken = 8;  // bytes; documents are compressed and laid out; seldom more
constexpr std::int64_t kLeastFile = 200;

constexpr std::string_view kOpenAiModels[] = {"gpt", "o1", "o3", "o4", "chatgpt", "codex", "text-embedding"};

}  // namespace

std::string_view to_text(TokenizerFamily family) {
  static constexpr std::array<std::string_view, 4> kNames{"openai", "anthropic", "google", "llama"};
  return kNames.at(static_cast<std::size_t>(family));
}

TokenizerFamily tokenizer_family(std::string_view kind, std::string_view model) {
  // "anthropic/claude-…" at a gateway: the last part names the model.
  const std::string name = lower_ascii(model.substr(model.rfind('/') + 1));
  if (name.find("claude") != std::string::npos) return TokenizerFamily::kAnthropic;
  if (name.find("gemini") != std::string::npos || name.find("gemma") != std::string::npos)
    return TokenizerFamily::kGoogle;
  for (const std::string_view prefix : kOpenAiModels) {
    if (name.starts_with(prefix)) return TokenizerFamily::kOpenAi;
  }
  if (kind == "anthropic") return TokenizerFamily::kAnthropic;
  return kind == "google" ? TokenizerFamily::kGoogle : TokenizerFamily::kLlama;
}

std::int64_t estimate_tokens(TokenizerFamily family, std::string_view text) {
  if (text.empty()) return 0;
  const Counts counts = Scanner(text).scan();
  const Counts& weights = kWeights[static_cast<std::size_t>(family)];
  float sum = 0;
  for (std::size_t i = 0; i < kFeatures; ++i) sum += counts[i] * weights[i];
  // Text of a kind that the weights do not know is no free text.
  return std::max(static_cast<std::int64_t>(std::lround(sum)),
                  static_cast<std::int64_t>(text.size() / 12 + 1));
}

std::int64_t estimate_tokens(TokenizerFamily family, const ChatMessage& message) {
  return estimate_around(family, message) + estimate_tokens(family, message.text);
}

std::int64_t estimate_around(TokenizerFamily family, const ChatMessage& message, const ImageRule* images) {
  std::int64_t sum = kPerMessage;
  for (const ToolCall& call : message.tool_calls)
    sum += kPerCall + estimate_tokens(family, call.name) + estimate_tokens(family, call.arguments_json);
  const ImageRule& rule = images != nullptr ? *images : image_rule(family, {});
  for (const Attachment& attachment : message.attachments)
    sum += attachment.kind == Attachment::Kind::kImage ? image_tokens(rule, attachment)
                                                       : std::max(kLeastFile, attachment.size / kFileToken);
  return sum;
}

std::int64_t estimate_tokens(TokenizerFamily family, const ToolSpec& tool) {
  return kPerTool + estimate_tokens(family, tool.name) + estimate_tokens(family, tool.description) +
         estimate_tokens(family, json::to_text(tool.parameters));
}

std::int64_t estimate_tokens(TokenizerFamily family, const ModelRequest& request) {
  std::int64_t sum = 0;
  const ImageRule& images = image_rule(family, request.model);
  for (const ChatMessage& message : request.messages)
    sum += estimate_around(family, message, &images) + estimate_tokens(family, message.text);
  for (const ToolSpec& tool : request.tools) sum += estimate_tokens(family, tool);
  return sum;
}

}  // namespace pryx::models
