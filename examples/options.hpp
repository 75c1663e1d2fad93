// SPDX-License-Identifier: MIT
// The command line of the examples: `--name value` pairs, and `--help`.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace examples {

/// The options of a program, with their defaults.
class Options {
 public:
  /// Reads the command line; `--help` prints the options and ends the program.
  ///
  /// @param about     one line about the program
  /// @param defaults  every option's name, with the dashes, and its default value
  /// @throws std::invalid_argument  with the argument that is not understood
  Options(int argc, char** argv, std::string_view about, std::map<std::string, std::string> defaults)
      : values_(std::move(defaults)) {
    for (int i = 1; i < argc; i += 2) {
      const std::string name = argv[i];
      if (name == "--help" || name == "-h") {
        std::cout << about << "\n\n";
        for (const auto& [option, value] : values_) std::cout << "  " << option << " (default: " << value << ")\n";
        std::exit(0);
      }
      const auto option = values_.find(name);
      if (option == values_.end()) throw std::invalid_argument("unknown option " + name + "; try --help");
      if (i + 1 == argc) throw std::invalid_argument(name + " needs a value");
      option->second = argv[i + 1];
    }
  }

  const std::string& operator[](const std::string& name) const { return values_.at(name); }

  /// The value of `--port`; 0 takes any free port.
  std::uint16_t port() const {
    const std::string& text = values_.at("--port");
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || end != text.data() + text.size())
      throw std::invalid_argument("--port takes a number from 0 to 65535, not " + text);
    return port;
  }

 private:
  std::map<std::string, std::string> values_;
};

}  // namespace examples
