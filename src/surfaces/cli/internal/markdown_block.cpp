// SPDX-License-Identifier: MIT
#include "surfaces/cli/internal/markdown_block.h"

#include <fmt/format.h>
#include <md4c.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "foundation/base/text.h"
#include "surfaces/cli/internal/markdown_table.h"
#include "surfaces/cli/text_width.h"

namespace pryx::cli {
namespace {

// Longer blocks are shown as they are: what a parser needs for them would stall the screen.
constexpr std::size_t kMaxBlock = 64u << 10;
constexpr int kMinColumns = 10;
constexpr int kMaxRule = 40;

// "&amp;" and its kind; anything unknown stays as it was written.
std::string decode_entity(std::string_view entity) {
  struct Named {
    std::string_view name, text;
  };
  static constexpr Named kNamed[] = {{"&amp;", "&"},   {"&lt;", "<"},    {"&gt;", ">"},   {"&quot;", "\""},
                                     {"&apos;", "'"},  {"&nbsp;", " "},  {"&copy;", "©"}, {"&mdash;", "—"},
                                     {"&ndash;", "–"}, {"&hellip;", "…"}};
  for (const Named& named : kNamed) {
    if (entity == named.name) return std::string(named.text);
  }
  if (entity.starts_with("&#") && entity.ends_with(";")) {
    const bool is_hex = entity.size() > 3 && (entity[2] == 'x' || entity[2] == 'X');
    const std::string_view digits = entity.substr(is_hex ? 3 : 2, entity.size() - (is_hex ? 4 : 3));
    std::uint32_t value = 0;
    const auto [end, problem] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, is_hex ? 16 : 10);
    if (problem == std::errc{} && end == digits.data() + digits.size() && value >= 0x20 && value < 0x110000 &&
        (value < 0xD800 || value > 0xDFFF)) {
      std::string out;
      if (value < 0x80) {
        out.push_back(static_cast<char>(value));
      } else if (value < 0x800) {
        out.push_back(static_cast<char>(0xC0 | value >> 6));
        out.push_back(static_cast<char>(0x80 | (value & 0x3F)));
      } else if (value < 0x10000) {
        out.push_back(static_cast<char>(0xE0 | value >> 12));
        out.push_back(static_cast<char>(0x80 | (value >> 6 & 0x3F)));
        out.push_back(static_cast<char>(0x80 | (value & 0x3F)));
      } else {
        out.push_back(static_cast<char>(0xF0 | value >> 18));
        out.push_back(static_cast<char>(0x80 | (value >> 12 & 0x3F)));
        out.push_back(static_cast<char>(0x80 | (value >> 6 & 0x3F)));
        out.push_back(static_cast<char>(0x80 | (value & 0x3F)));
      }
      return out;
    }
  }
  return std::string(entity);
}

// Blanks at the end of a line only get in the way of copying.
void trim_end(Line& line) {
  while (!line.spans.empty()) {
    std::string& text = line.spans.back().text;
    text.resize(text.find_last_not_of(' ') + 1);
    if (!text.empty()) return;
    line.spans.pop_back();
  }
}

class BlockRenderer {
 public:
  BlockRenderer(int columns, unsigned ordinal)
      : columns_(std::max(columns, kMinColumns)), ordinal_(ordinal) {}
  std::vector<Line> run(std::string_view source);

 private:
  struct Container {
    Line first, rest;  // what stands before the first and the other lines inside
    bool used = false;
    bool is_tight = false;
  };
  struct List {
    bool ordered = false;
    unsigned next = 1;
    bool is_tight = false;
  };

  void enter_block(MD_BLOCKTYPE type, void* detail);
  void leave_block(MD_BLOCKTYPE type);
  void enter_span(MD_SPANTYPE type, void* detail);
  void leave_span(MD_SPANTYPE type, void* detail);
  void add_text(MD_TEXTTYPE type, std::string_view text);
  void enter_item(const MD_BLOCK_LI_DETAIL& detail);
  void pop_style();
  void begin_block();
  void flush();
  void emit(const Line& content);
  [[nodiscard]] int room() const;

  int columns_;
  unsigned ordinal_;
  std::vector<Line> out_;
  std::vector<Container> containers_;
  std::vector<List> lists_;
  std::vector<Line> inline_{1};  // more than one after hard breaks
  std::vector<Style> styles_{1};
  std::string code_;
  bool in_code_ = false;
  bool in_cell_ = false;
  bool pending_blank_ = false;
  MarkdownTable table_;
  std::string link_text_;
  int link_depth_ = 0;
};

int BlockRenderer::room() const {
  int used = 0;
  for (const Container& container : containers_) used += width_of(container.rest);
  return std::max(kMinColumns, columns_ - used);
}

void BlockRenderer::emit(const Line& content) {
  Line line;
  for (Container& container : containers_) {
    for (const Span& span : (container.used ? container.rest : container.first).spans)
      line.add(span.text, span.style);
    container.used = true;
  }
  for (const Span& span : content.spans) line.add(span.text, span.style);
  trim_end(line);
  out_.push_back(std::move(line));
}

// md4c has been seen to leave spans that it never entered: no stack here trusts it to be balanced.
void BlockRenderer::pop_style() {
  if (styles_.size() > 1) styles_.pop_back();
}

void BlockRenderer::begin_block() {
  flush();
  const bool is_tight = !containers_.empty() && containers_.back().is_tight;
  const bool at_item_start = !containers_.empty() && !containers_.back().used;
  if (pending_blank_ && !is_tight && !at_item_start && !out_.empty()) emit({});
  pending_blank_ = false;
}

void BlockRenderer::flush() {
  if (inline_.size() == 1 && inline_[0].empty()) return;
  const int columns = room();
  for (const Line& line : std::exchange(inline_, std::vector<Line>(1))) {
    for (const Line& wrapped : wrap(line, columns)) emit(wrapped);
  }
}

void BlockRenderer::enter_item(const MD_BLOCK_LI_DETAIL& detail) {
  flush();
  if (lists_.empty()) lists_.emplace_back();
  List& list = lists_.back();
  if (pending_blank_ && !list.is_tight && !out_.empty()) emit({});
  pending_blank_ = false;
  std::string marker = list.ordered ? fmt::format("{}. ", list.next++) : "• ";
  if (detail.is_task) marker = detail.task_mark == ' ' ? "☐ " : "☑ ";
  Container container;
  container.first.add(marker, kAccent);
  container.rest.add(std::string(static_cast<std::size_t>(display_width(marker)), ' '));
  container.is_tight = list.is_tight;
  containers_.push_back(std::move(container));
}

void BlockRenderer::enter_block(MD_BLOCKTYPE type, void* detail) {
  switch (type) {
    case MD_BLOCK_QUOTE: {
      begin_block();
      Container container;
      container.first.add("│ ", kDim);
      container.rest.add("│ ", kDim);
      containers_.push_back(std::move(container));
      return;
    }
    case MD_BLOCK_UL:
      begin_block();
      lists_.push_back({false, 1, static_cast<MD_BLOCK_UL_DETAIL*>(detail)->is_tight != 0});
      return;
    case MD_BLOCK_OL: {
      begin_block();
      const auto* list = static_cast<MD_BLOCK_OL_DETAIL*>(detail);
      lists_.push_back({true, lists_.empty() && ordinal_ != 0 ? ordinal_ : list->start, list->is_tight != 0});
      return;
    }
    case MD_BLOCK_LI:
      enter_item(*static_cast<MD_BLOCK_LI_DETAIL*>(detail));
      return;
    case MD_BLOCK_HR: {
      begin_block();
      std::string rule;
      for (int i = 0; i < std::min(room(), kMaxRule); ++i) rule += "─";
      emit(Line(rule, kDim));
      return;
    }
    case MD_BLOCK_H: {
      begin_block();
      const unsigned level = static_cast<MD_BLOCK_H_DETAIL*>(detail)->level;
      styles_.push_back({.colour = level <= 2 ? Colour::kMagenta : Colour::kDefault,
                         .bold = true,
                         .underline = level == 1});
      return;
    }
    case MD_BLOCK_CODE:
      begin_block();
      in_code_ = true;
      code_.clear();
      return;
    case MD_BLOCK_P:
      begin_block();
      return;
    case MD_BLOCK_TABLE:
      begin_block();
      table_ = {};
      return;
    case MD_BLOCK_TR:
      table_.add_row();
      return;
    case MD_BLOCK_TH:
    case MD_BLOCK_TD: {
      in_cell_ = true;
      inline_.assign(1, {});
      const MD_ALIGN align = static_cast<MD_BLOCK_TD_DETAIL*>(detail)->align;
      table_.set_alignment(align == MD_ALIGN_RIGHT    ? MarkdownTable::Alignment::kRight
                           : align == MD_ALIGN_CENTER ? MarkdownTable::Alignment::kCentre
                                                      : MarkdownTable::Alignment::kLeft);
      if (type == MD_BLOCK_TH) styles_.push_back(kBold);
      return;
    }
    default:
      return;
  }
}

void BlockRenderer::leave_block(MD_BLOCKTYPE type) {
  switch (type) {
    case MD_BLOCK_QUOTE:
      flush();
      if (!containers_.empty()) containers_.pop_back();
      break;
    case MD_BLOCK_UL:
    case MD_BLOCK_OL:
      if (!lists_.empty()) lists_.pop_back();
      break;
    case MD_BLOCK_LI:
      flush();
      if (containers_.empty()) break;
      if (!containers_.back().used) emit({});  // an empty item still has its marker
      containers_.pop_back();
      break;
    case MD_BLOCK_H:
      flush();
      pop_style();
      break;
    case MD_BLOCK_CODE: {
      in_code_ = false;
      std::string_view code = code_;
      if (code.ends_with('\n')) code.remove_suffix(1);
      for (std::string_view line : split(code, '\n')) {
        Line styled{std::string(kCodeIndent)};
        styled.add(expand_tabs(line), kCodeStyle);
        emit(styled);
      }
      break;
    }
    case MD_BLOCK_P:
      flush();
      break;
    case MD_BLOCK_TABLE:
      for (const Line& line : table_.render(room())) emit(line);
      break;
    case MD_BLOCK_TH:
    case MD_BLOCK_TD:
      in_cell_ = false;
      if (type == MD_BLOCK_TH) pop_style();
      table_.add_cell(std::move(inline_[0]));
      inline_.assign(1, {});
      return;
    default:
      return;
  }
  pending_blank_ = true;
}

void BlockRenderer::enter_span(MD_SPANTYPE type, void*) {
  Style style = styles_.back();
  switch (type) {
    case MD_SPAN_EM:
      style.italic = true;
      break;
    case MD_SPAN_STRONG:
      style.bold = true;
      break;
    case MD_SPAN_DEL:
      style.strike = true;
      break;
    case MD_SPAN_CODE:
      style.colour = kCodeStyle.colour;
      break;
    case MD_SPAN_A:
      style.underline = true;
      break;
    case MD_SPAN_IMG:
      style.italic = true;
      break;
    default:
      break;
  }
  styles_.push_back(style);
  if (type == MD_SPAN_A || type == MD_SPAN_IMG) {
    if (link_depth_++ == 0) link_text_.clear();
    if (type == MD_SPAN_IMG) inline_.back().add("[image: ", style);
  }
}

void BlockRenderer::leave_span(MD_SPANTYPE type, void* detail) {
  const Style style = styles_.back();
  pop_style();
  if (type != MD_SPAN_A && type != MD_SPAN_IMG) return;
  if (link_depth_ > 0) --link_depth_;
  if (type == MD_SPAN_IMG) inline_.back().add("]", style);
  // The address is always shown: a link's text says nothing about where it leads.
  const MD_ATTRIBUTE& address = type == MD_SPAN_A ? static_cast<MD_SPAN_A_DETAIL*>(detail)->href
                                                  : static_cast<MD_SPAN_IMG_DETAIL*>(detail)->src;
  const std::string_view url(address.text, address.size);
  if (!url.empty() && url != link_text_) inline_.back().add(fmt::format(" ({})", url), kDim);
}

void BlockRenderer::add_text(MD_TEXTTYPE type, std::string_view text) {
  if (in_code_) {
    code_.append(text);
    return;
  }
  std::string decoded;
  switch (type) {
    case MD_TEXT_NULLCHAR:
      text = "\xEF\xBF\xBD";
      break;
    case MD_TEXT_SOFTBR:
      text = " ";
      break;
    case MD_TEXT_BR:
      if (in_cell_) {
        text = " ";
        break;
      }
      inline_.emplace_back();
      return;
    case MD_TEXT_ENTITY:
      decoded = decode_entity(text);
      text = decoded;
      break;
    default:
      break;
  }
  if (link_depth_ > 0) link_text_.append(text);
  inline_.back().add(text, styles_.back());
}

std::vector<Line> BlockRenderer::run(std::string_view source) {
  MD_PARSER parser{};
  parser.flags = MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS | MD_FLAG_PERMISSIVEURLAUTOLINKS |
                 MD_FLAG_NOHTML;
  parser.enter_block = [](MD_BLOCKTYPE type, void* detail, void* self) {
    return static_cast<BlockRenderer*>(self)->enter_block(type, detail), 0;
  };
  parser.leave_block = [](MD_BLOCKTYPE type, void*, void* self) {
    return static_cast<BlockRenderer*>(self)->leave_block(type), 0;
  };
  parser.enter_span = [](MD_SPANTYPE type, void* detail, void* self) {
    return static_cast<BlockRenderer*>(self)->enter_span(type, detail), 0;
  };
  parser.leave_span = [](MD_SPANTYPE type, void* detail, void* self) {
    return static_cast<BlockRenderer*>(self)->leave_span(type, detail), 0;
  };
  parser.text = [](MD_TEXTTYPE type, const MD_CHAR* text, MD_SIZE size, void* self) {
    return static_cast<BlockRenderer*>(self)->add_text(type, {text, size}), 0;
  };
  const bool parsed = source.size() <= kMaxBlock &&
                      md_parse(source.data(), static_cast<MD_SIZE>(source.size()), &parser, this) == 0;
  if (parsed) {
    flush();
    return std::move(out_);
  }
  std::vector<Line> plain;
  if (source.ends_with('\n')) source.remove_suffix(1);
  for (std::string_view line : split(source, '\n')) plain.emplace_back(expand_tabs(line));
  return plain;
}

}  // namespace

std::vector<Line> render_block(std::string_view source, int columns, unsigned ordinal) {
  return BlockRenderer(columns, ordinal).run(source);
}

}  // namespace pryx::cli
