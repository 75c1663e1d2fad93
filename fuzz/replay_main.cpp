// SPDX-License-Identifier: MIT
// Runs a fuzz target without libFuzzer: over given files, each complete and cut at every length, and over reproducible
// random changes of them.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Input = std::vector<std::uint8_t>;

// Longer inputs are run complete only: all prefixes of a long input would take quadratic time.
constexpr std::size_t max_truncated_bytes = 512;

void run(const Input& input, std::size_t size) {
  // A copy of exactly this size, so that a sanitizer sees a read past the end.
  const Input exact(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(size));
  static_cast<void>(LLVMFuzzerTestOneInput(exact.data(), exact.size()));
}

void load(const std::filesystem::path& path, std::vector<Input>& inputs) {
  if (std::filesystem::is_directory(path)) {
    std::vector<std::filesystem::path> entries;
    for (const auto& entry : std::filesystem::directory_iterator(path)) entries.push_back(entry.path());
    std::sort(entries.begin(), entries.end());  // the order of a directory differs between systems
    for (const auto& entry : entries) load(entry, inputs);
    return;
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "cannot read %s\n", path.string().c_str());
    std::exit(2);
  }
  inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

/// Changes an input in ways that matter to decoders: bytes, lengths, repetitions, pieces of other inputs.
class Mutator {
 public:
  explicit Mutator(const std::vector<Input>& inputs) : inputs_(inputs) {}

  Input next() {
    Input input = pick_input();
    for (std::size_t changes = 1 + below(4); changes > 0; --changes) change(input);
    return input;
  }

 private:
  static constexpr std::size_t max_bytes = 1 << 16;

  // std::uniform_int_distribution differs between standard libraries, but these numbers must not.
  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : static_cast<std::size_t>(random_() % bound); }
  Input pick_input() { return inputs_[below(inputs_.size())]; }

  std::uint8_t pick_byte() {
    static constexpr std::string_view telling =
        "0123456789-+.eE,:[]{}\"\\/u_bdtfn \x1e\x7f\x80\xbf\xc2\xe0\xed\xf0\xf4\xff";
    return below(3) == 0 ? static_cast<std::uint8_t>(random_())
                         : static_cast<std::uint8_t>(telling[below(telling.size())]);
  }

  void change(Input& input) {
    const std::size_t at = below(input.size() + 1);
    const auto place = input.begin() + static_cast<std::ptrdiff_t>(at);
    const std::size_t left = input.size() - at;
    const auto some = static_cast<std::ptrdiff_t>(below((std::min)(left, std::size_t{64}) + 1));
    switch (below(7)) {
      case 0:
        if (left > 0) *place = pick_byte();
        break;
      case 1:
        if (left > 0) *place = static_cast<std::uint8_t>(*place ^ (1u << below(8)));
        break;
      case 2: input.insert(place, pick_byte()); break;
      case 3: input.erase(place, place + some); break;
      case 4: input.resize(at); break;
      case 5: {
        const Input piece(place, place + some);
        for (std::size_t times = below(64); times > 0 && input.size() < max_bytes; --times) {
          input.insert(input.begin() + static_cast<std::ptrdiff_t>(at), piece.begin(), piece.end());
        }
        break;
      }
      default: {
        const Input other = pick_input();
        const auto from = static_cast<std::ptrdiff_t>(below(other.size() + 1));
        if (input.size() < max_bytes) input.insert(place, other.begin() + from, other.end());
      }
    }
  }

  const std::vector<Input>& inputs_;
  std::mt19937_64 random_{20240229};
};

}  // namespace

/// Usage: replay_<target> [--mutations=N] file-or-directory...
int main(int argc, char** argv) {
  constexpr std::string_view option = "--mutations=";
  long mutations = 20'000;
  std::vector<Input> inputs;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument.substr(0, option.size()) == option) {
      mutations = std::strtol(argv[i] + option.size(), nullptr, 10);
    } else if (std::filesystem::exists(argument)) {
      load(argument, inputs);
    } else {
      std::fprintf(stderr, "%s does not exist\n", argv[i]);
      return 2;
    }
  }
  if (inputs.empty()) {
    std::fputs("no corpus: name files or directories\n", stderr);
    return 2;
  }
  for (const Input& input : inputs) {
    if (input.size() <= max_truncated_bytes) {
      for (std::size_t size = 0; size < input.size(); ++size) run(input, size);
    }
    run(input, input.size());
  }
  Mutator mutator(inputs);
  for (long i = 0; i < mutations; ++i) {
    const Input input = mutator.next();
    run(input, input.size());
  }
  std::printf("%zu inputs and %ld mutations: every law holds\n", inputs.size(), mutations);
  return 0;
}
