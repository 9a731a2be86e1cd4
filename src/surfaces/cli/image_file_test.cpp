// SPDX-License-Identifier: MIT
#include "surfaces/cli/image_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace pryx::cli {
namespace {

class ImageFiles : public ::testing::Test {
 protected:
  ImageFiles() { std::filesystem::create_directories(folder_); }
  ~ImageFiles() override { std::filesystem::remove_all(folder_); }
  std::string file(const std::string& name, const std::string& bytes) {
    const std::string path = folder_ / name;
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / fmt::format("pryx-images-{}", ::getpid());
};

const std::string kPng = "\x89PNG\r\n\x1a\n rest";

TEST_F(ImageFiles, TheBytesSayWhatItIsAndNotTheName) {
  ImageParts parts;
  const auto added = parts.add(file("a.jpg", kPng));
  ASSERT_TRUE(added);
  EXPECT_EQ(*added, "a.jpg (image/png, 13 bytes)");
  EXPECT_EQ(parts.add(file("b.png", "<svg/>")).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(parts.add(folder_ / "none.png").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(parts.add(file("big.png", kPng + std::string(6 << 20, 'x'))).error().code, ErrorCode::kTooLarge);
  json::object message{{"text", "hi"}};
  parts.move_into(message);
  EXPECT_EQ(json::to_text(message["parts"]),
            R"([{"type":"image","media_type":"image/png","name":"a.jpg","data":"iVBORw0KGgogcmVzdA=="}])");
  json::object next;
  parts.move_into(next);
  EXPECT_TRUE(next.empty()) << "each goes once";
}

TEST_F(ImageFiles, BoundsOfOneMessage) {
  ImageParts many;
  const std::string small = file("s.gif", "GIF89a.");
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(many.add(small));
  EXPECT_FALSE(many.add(small));
  ImageParts large;
  const std::string four = file("l.webp", "RIFF....WEBP" + std::string(4 << 20, 'x'));
  ASSERT_TRUE(large.add(four));
  EXPECT_EQ(large.add(four).error().code, ErrorCode::kTooLarge);
}

TEST_F(ImageFiles, TheCommandOfAConversation) {
  ImageParts parts;
  EXPECT_FALSE(parts.take_command("image x"));
  EXPECT_FALSE(parts.take_command("/images x"));
  EXPECT_FALSE(*parts.take_command("/image"));
  EXPECT_TRUE(*parts.take_command("/image  " + file("c.jpeg", "\xFF\xD8\xFF.")));
}

}  // namespace
}  // namespace pryx::cli
