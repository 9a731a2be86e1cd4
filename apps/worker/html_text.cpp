// SPDX-License-Identifier: MIT
#include "html_text.h"

#include <gumbo.h>

#include <algorithm>
#include <csetjmp>
#include <cstdlib>
#include <vector>

#include "foundation/base/text.h"
#include "text_writer.h"

namespace pryx::worker {
namespace {

constexpr std::size_t kMaxArena = 512u << 20;
constexpr std::size_t kChunk = 1u << 20;
constexpr std::size_t kMaxDepth = 2000;  // deeper text is left out
constexpr std::size_t kMaxTitle = 500;

// All of the parser's memory. It is freed as a whole: gumbo frees its tree by recursion, which a deep page
// turns into a crash. Beyond the limit the parser is left by a jump, because it checks no allocation.
class Arena {
 public:
  Arena() = default;
  ~Arena() {
    for (void* chunk : chunks_) std::free(chunk);
  }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  void* take(std::size_t size) {
    size = (size + 15) & ~std::size_t{15};
    if (size > left_) {
      const std::size_t chunk = std::max(size, kChunk);
      used_ += chunk;
      void* memory = used_ > kMaxArena ? nullptr : std::malloc(chunk);
      if (memory == nullptr) std::longjmp(give_up, 1);
      chunks_.push_back(memory);
      at_ = static_cast<char*>(memory);
      left_ = chunk;
    }
    char* out = at_;
    at_ += size;
    left_ -= size;
    return out;
  }
  std::jmp_buf give_up;

 private:
  std::vector<void*> chunks_;
  char* at_ = nullptr;
  std::size_t left_ = 0;
  std::size_t used_ = 0;
};

const GumboOutput* parse(Arena& arena, const GumboOptions& options, std::string_view html) {
  if (setjmp(arena.give_up) != 0) return nullptr;
  return gumbo_parse_with_options(&options, html.data(), html.size());
}

bool is_hidden_tag(GumboTag tag) {
  switch (tag) {
    case GUMBO_TAG_SCRIPT:
    case GUMBO_TAG_STYLE:
    case GUMBO_TAG_NOSCRIPT:
    case GUMBO_TAG_TEMPLATE:
    case GUMBO_TAG_SVG:
    case GUMBO_TAG_MATH:
    case GUMBO_TAG_HEAD:
    case GUMBO_TAG_IFRAME:
    case GUMBO_TAG_OBJECT:
    case GUMBO_TAG_EMBED:
    case GUMBO_TAG_CANVAS:
    case GUMBO_TAG_AUDIO:
    case GUMBO_TAG_VIDEO:
      return true;
    default:
      return false;
  }
}

// Newlines around an element; 0 for what flows with the text.
int block_distance(GumboTag tag) {
  switch (tag) {
    case GUMBO_TAG_P:
    case GUMBO_TAG_H1:
    case GUMBO_TAG_H2:
    case GUMBO_TAG_H3:
    case GUMBO_TAG_H4:
    case GUMBO_TAG_H5:
    case GUMBO_TAG_H6:
    case GUMBO_TAG_UL:
    case GUMBO_TAG_OL:
    case GUMBO_TAG_DL:
    case GUMBO_TAG_TABLE:
    case GUMBO_TAG_PRE:
    case GUMBO_TAG_BLOCKQUOTE:
    case GUMBO_TAG_HR:
    case GUMBO_TAG_FIGURE:
      return 2;
    case GUMBO_TAG_DIV:
    case GUMBO_TAG_SECTION:
    case GUMBO_TAG_ARTICLE:
    case GUMBO_TAG_HEADER:
    case GUMBO_TAG_FOOTER:
    case GUMBO_TAG_MAIN:
    case GUMBO_TAG_NAV:
    case GUMBO_TAG_ASIDE:
    case GUMBO_TAG_LI:
    case GUMBO_TAG_DT:
    case GUMBO_TAG_DD:
    case GUMBO_TAG_TR:
    case GUMBO_TAG_FORM:
    case GUMBO_TAG_FIELDSET:
    case GUMBO_TAG_ADDRESS:
    case GUMBO_TAG_DETAILS:
    case GUMBO_TAG_SUMMARY:
    case GUMBO_TAG_FIGCAPTION:
    case GUMBO_TAG_OPTION:
      return 1;
    default:
      return 0;
  }
}

std::string_view attribute(const GumboElement& element, const char* name) {
  const GumboAttribute* found = gumbo_get_attribute(&element.attributes, name);
  return found == nullptr || found->value == nullptr ? std::string_view() : found->value;
}

bool is_hidden(const GumboElement& element) {
  if (is_hidden_tag(element.tag)) return true;
  if (gumbo_get_attribute(&element.attributes, "hidden") != nullptr) return true;
  std::string style;
  for (const char c : attribute(element, "style").substr(0, 4096)) {
    if (c != ' ') style += c;
  }
  style = lower_ascii(style);
  return style.find("display:none") != std::string::npos ||
         style.find("visibility:hidden") != std::string::npos;
}

// Walks with a stack of its own: how deep a page is, strangers decide.
class Reader {
 public:
  Reader(const std::optional<net::Url>& base, std::size_t max_bytes) : base_(base), writer_(max_bytes) {}

  PageText read(const GumboNode* root) {
    if (root != nullptr) stack_.push_back(Frame{.node = root});
    while (!stack_.empty() && !writer_.is_full()) step();
    PageText out;
    out.title = utf8_prefix(trim(title_), kMaxTitle);
    out.truncated = writer_.is_full() || too_deep_;
    out.text = writer_.take();
    return out;
  }

 private:
  struct Frame {
    const GumboNode* node = nullptr;
    bool entered = false;
    unsigned next_child = 0;
    int item = 0;  // of an <ol>
    std::string link;
    std::size_t link_at = 0;
  };

  static const GumboVector* children_of(const GumboNode* node) {
    if (node->type == GUMBO_NODE_DOCUMENT) return &node->v.document.children;
    if (node->type == GUMBO_NODE_ELEMENT) return &node->v.element.children;
    return nullptr;
  }

  void step() {
    if (!stack_.back().entered && !enter(stack_.back())) {
      stack_.pop_back();
      return;
    }
    Frame& frame = stack_.back();
    const GumboVector* children = children_of(frame.node);
    if (children != nullptr && frame.next_child < children->length) {
      const auto* child = static_cast<const GumboNode*>(children->data[frame.next_child++]);
      if (stack_.size() < kMaxDepth)
        stack_.push_back(Frame{.node = child});
      else
        too_deep_ = true;
      return;
    }
    leave(frame);
    stack_.pop_back();
  }

  // False: nothing below it is read.
  bool enter(Frame& frame) {
    frame.entered = true;
    switch (frame.node->type) {
      case GUMBO_NODE_TEXT:
      case GUMBO_NODE_CDATA:
      case GUMBO_NODE_WHITESPACE:
        if (in_pre_ > 0)
          writer_.verbatim(frame.node->v.text.text);
        else
          writer_.flowing(frame.node->v.text.text);
        return false;
      case GUMBO_NODE_ELEMENT:
        return enter_element(frame, frame.node->v.element);
      case GUMBO_NODE_DOCUMENT:
        return true;
      default:
        return false;
    }
  }

  bool enter_element(Frame& frame, const GumboElement& element) {
    if (element.tag == GUMBO_TAG_HEAD) read_title(element);
    if (is_hidden(element)) return false;
    if (const int distance = block_distance(element.tag)) writer_.separate(distance);
    switch (element.tag) {
      case GUMBO_TAG_BR:
        writer_.separate(1);
        return false;
      case GUMBO_TAG_HR:
        writer_.mark("---");
        writer_.separate(2);
        return false;
      case GUMBO_TAG_IMG:
        if (const std::string_view alt = trim(attribute(element, "alt")); !alt.empty())
          writer_.flowing("[image: " + std::string(alt) + "]");
        return false;
      case GUMBO_TAG_PRE:
        ++in_pre_;
        return true;
      case GUMBO_TAG_LI:
        writer_.mark(bullet());
        return true;
      case GUMBO_TAG_TD:
      case GUMBO_TAG_TH:
        if (element_index(frame) > 0) writer_.mark(" | ");
        return true;
      case GUMBO_TAG_A:
        open_link(frame, element);
        return true;
      default:
        if (element.tag >= GUMBO_TAG_H1 && element.tag <= GUMBO_TAG_H6)
          writer_.mark(std::string(static_cast<std::size_t>(element.tag - GUMBO_TAG_H1) + 1, '#') + " ");
        return true;
    }
  }

  void leave(Frame& frame) {
    if (frame.node->type != GUMBO_NODE_ELEMENT) return;
    const GumboElement& element = frame.node->v.element;
    if (element.tag == GUMBO_TAG_PRE && in_pre_ > 0) --in_pre_;
    if (!frame.link.empty()) close_link(frame);
    if (const int distance = block_distance(element.tag)) writer_.separate(distance);
  }

  void open_link(Frame& frame, const GumboElement& element) {
    const std::string_view href = trim(attribute(element, "href"));
    if (href.empty() || href.starts_with('#')) return;
    const auto url = base_ ? net::resolve_reference(*base_, href) : net::parse_url(href);
    if (!url) return;
    frame.link = url->text();
    writer_.mark("[");
    frame.link_at = writer_.size();
  }
  void close_link(const Frame& frame) {
    if (writer_.size() > frame.link_at)
      writer_.mark_tight("](" + frame.link + ")");
    else
      writer_.cut_back(frame.link_at - 1);
  }

  std::string bullet() {
    int level = 0;
    Frame* list = nullptr;
    for (Frame& frame : stack_) {
      if (frame.node->type != GUMBO_NODE_ELEMENT) continue;
      const GumboTag tag = frame.node->v.element.tag;
      if (tag != GUMBO_TAG_UL && tag != GUMBO_TAG_OL) continue;
      list = &frame;
      ++level;
    }
    const std::string indent(static_cast<std::size_t>(std::clamp(level - 1, 0, 8)) * 2, ' ');
    const bool is_ordered = list != nullptr && list->node->v.element.tag == GUMBO_TAG_OL;
    return indent + (is_ordered ? std::to_string(++list->item) + ". " : "- ");
  }

  static std::size_t element_index(const Frame& frame) {
    const GumboNode* parent = frame.node->parent;
    if (parent == nullptr || parent->type != GUMBO_NODE_ELEMENT) return 0;
    const GumboVector& siblings = parent->v.element.children;
    for (unsigned i = 0; i < siblings.length; ++i) {
      const auto* sibling = static_cast<const GumboNode*>(siblings.data[i]);
      if (sibling == frame.node) return 0;
      if (sibling->type == GUMBO_NODE_ELEMENT) return 1;  // one before it is enough to know
    }
    return 0;
  }

  void read_title(const GumboElement& head) {
    for (unsigned i = 0; i < head.children.length; ++i) {
      const auto* node = static_cast<const GumboNode*>(head.children.data[i]);
      if (node->type != GUMBO_NODE_ELEMENT || node->v.element.tag != GUMBO_TAG_TITLE) continue;
      TextWriter title(kMaxTitle);
      const GumboVector& children = node->v.element.children;
      for (unsigned k = 0; k < children.length; ++k) {
        const auto* child = static_cast<const GumboNode*>(children.data[k]);
        if (child->type == GUMBO_NODE_TEXT) title.flowing(child->v.text.text);
      }
      title_ = title.take();
      return;
    }
  }

  const std::optional<net::Url>& base_;
  TextWriter writer_;
  std::vector<Frame> stack_;
  std::string title_;
  int in_pre_ = 0;
  bool too_deep_ = false;
};

}  // namespace

Result<PageText> read_html(std::string_view utf8, const std::optional<net::Url>& base,
                           std::size_t max_bytes) {
  Arena arena;
  GumboOptions options = kGumboDefaultOptions;
  options.allocator = [](void* data, std::size_t size) { return static_cast<Arena*>(data)->take(size); };
  options.deallocator = [](void*, void*) {};
  options.userdata = &arena;
  options.max_errors = 0;
  const GumboOutput* output = parse(arena, options, utf8);
  if (output == nullptr) return fail(ErrorCode::kTooLarge, "the page is too large to be read");
  Reader reader(base, max_bytes);
  return reader.read(output->document);
}

}  // namespace pryx::worker
