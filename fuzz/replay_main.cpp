// SPDX-License-Identifier: MIT
// Runs a fuzz target over the files of a corpus, without libFuzzer: each input whole, and cut short at every length.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

// Inputs beyond this are run whole only: every prefix of a long one would cost a square.
constexpr std::size_t max_truncated_bytes = 512;

void run(const std::vector<std::uint8_t>& input, std::size_t size) {
  // A copy of exactly this size, so that a sanitizer sees a read past the end.
  const std::vector<std::uint8_t> exact(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(size));
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::filesystem::path> files;
  for (int i = 1; i < argc; ++i) {
    const std::filesystem::path path = argv[i];
    if (!std::filesystem::is_directory(path)) {
      files.push_back(path);
      continue;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
  }
  if (files.empty()) {
    std::fputs("no corpus: name files or directories\n", stderr);
    return 2;
  }
  std::sort(files.begin(), files.end());
  for (const std::filesystem::path& file : files) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream) {
      std::fprintf(stderr, "cannot read %s\n", file.string().c_str());
      return 2;
    }
    const std::vector<std::uint8_t> input{std::istreambuf_iterator<char>(stream), {}};
    if (input.size() <= max_truncated_bytes) {
      for (std::size_t size = 0; size < input.size(); ++size) run(input, size);
    }
    run(input, input.size());
  }
  std::printf("%zu inputs\n", files.size());
}
