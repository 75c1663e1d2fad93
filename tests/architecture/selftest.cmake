# SPDX-License-Identifier: MIT
# Shows that check_architecture.cmake refuses names that the code does not have.
#
#   cmake -DCHECK=<check_architecture.cmake> -DWORK_DIR=<scratch directory> -P selftest.cmake

cmake_minimum_required(VERSION 3.22)

set(failures "")
file(REMOVE_RECURSE "${WORK_DIR}")
file(WRITE "${WORK_DIR}/socketio/core/shop.hpp" [[
class Customer;

/// A shop.
class CornerShop final : public Building {
 public:
  void open(int hour);
  SOCKETIO_DECL bool is_open() const;
};

template <class Goods>
struct ShelfOf<Goods*> {
  void fill(int count) { fill_up(count); }
  void operator()(Goods& goods) override {
  }
};

class Street {
  void close();
};

template <class F>
void count_all(const F& f) {
}
]])
file(WRITE "${WORK_DIR}/socketio/core/impl/shop.ipp" "SOCKETIO_DECL bool CornerShop::is_open() const { return true; }\n")

# expect(<name> <regex of the complaint, or "" for none> <text of the page>)
function(expect name complaint text)
  file(WRITE "${WORK_DIR}/${name}.md" "`core/shop.hpp`, `CornerShop::open`. ${text}\n")
  execute_process(COMMAND "${CMAKE_COMMAND}" "-DPAGE=${WORK_DIR}/${name}.md" "-DINCLUDE_DIR=${WORK_DIR}" -P "${CHECK}"
                  RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(complaint STREQUAL "" AND NOT result EQUAL 0)
    list(APPEND failures "${name}: refused although nothing is wrong: ${output}")
  elseif(complaint AND result EQUAL 0)
    list(APPEND failures "${name}: accepted")
  elseif(complaint AND NOT output MATCHES "${complaint}")
    list(APPEND failures "${name}: refused without the words '${complaint}'")
  endif()
  set(failures "${failures}" PARENT_SCOPE)
endfunction()

expect(sound "" "`CornerShop::is_open`, ShelfOf::fill, `ShelfOf::operator()`, `detail::count_all`, `Street`, core/impl/shop.ipp")
expect(file "core/gone.hpp: no such file" "`core/gone.hpp`")
expect(function "CornerShop::shut: no such function" "`CornerShop::shut`")
expect(of_another_class "CornerShop::close: no such function" "CornerShop::close")
expect(of_no_class "Street::fill: no such function" "Street::fill")
expect(part_of_a_name "ShelfOf::up: no such function" "ShelfOf::up")
expect(free "detail::count_some: no such function" "`detail::count_some`")
expect(class "MarketPlace: no such class" "a MarketPlace without backticks")
expect(quoted_class "Market: no such class" "`Market`")

# The same for options.
file(REMOVE_RECURSE "${WORK_DIR}/options")
file(WRITE "${WORK_DIR}/options/socketio/engine/option_list.inc" "SOCKETIO_OPTION(max_guests, 0, std::size_t)\n")
file(WRITE "${WORK_DIR}/options/socketio/shop_options.hpp" [[
struct ShopOptions {
  std::size_t max_goods = 7;  // more are refused
  std::chrono::milliseconds visit_timeout{10};
  std::vector<std::string> known_thieves{};
  std::string name;

  std::vector<std::string> check_shelves() const;
};
]])

# expect_options(<name> <regex of the complaint, or "" for none> <text of the page>)
function(expect_options name complaint text)
  file(WRITE "${WORK_DIR}/${name}.md" "${text}\n")
  execute_process(COMMAND "${CMAKE_COMMAND}" "-DPAGE=${WORK_DIR}/${name}.md" "-DINCLUDE_DIR=${WORK_DIR}/options" -DOPTIONS=ON
                          -P "${CHECK}"
                  RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(complaint STREQUAL "" AND NOT result EQUAL 0)
    list(APPEND failures "${name}: refused although nothing is wrong: ${output}")
  elseif(complaint AND result EQUAL 0)
    list(APPEND failures "${name}: accepted")
  elseif(complaint AND NOT output MATCHES "${complaint}")
    list(APPEND failures "${name}: refused without the words '${complaint}'")
  endif()
  set(failures "${failures}" PARENT_SCOPE)
endfunction()

set(all "`max_guests`, `ShopOptions::max_goods`, `shop.visit_timeout`")
expect_options(options "" "${all}, `known_thieves`, `io.close_shop()`, no_code, `code`")
expect_options(missing_option "max_visitors: no such option" "${all}, `max_visitors`")
expect_options(function_for_option "check_shelves: no such option" "${all}, `check_shelves`")
expect_options(left_out "max_guests: a limit that the page does not name" "`max_goods`, `visit_timeout`, max_guests")
expect_options(left_out_timeout "visit_timeout: a limit" "`max_goods`, `max_guests`")
expect_options(no_options "names no option" "nothing")

if(failures)
  list(JOIN failures "\n  " text)
  message(FATAL_ERROR "the check of the page does not work:\n  ${text}")
endif()
