#!/bin/bash -eu
# SPDX-License-Identifier: MIT
# Builds the fuzz targets as OSS-Fuzz asks for them: with its compiler, flags and engine, without a network, statically linked,
# into $OUT, each with its seed corpus and its dictionary.
#
# usage: build.sh [<target>...], in an environment with CXX, CXXFLAGS, LIB_FUZZING_ENGINE, SRC, OUT and, perhaps, WORK; without
# arguments it builds all targets.

source=$SRC/socketio
work=${WORK:-$SRC/work}/socketio
mkdir -p "$work" "$OUT"

# libc++ has read numbers since version 20. With an older one, the standard library of GCC takes its place.
if ! $CXX $CXXFLAGS -std=c++20 -fsyntax-only -x c++ - > /dev/null 2>&1 << 'END'
#include <charconv>
double number;
auto result = std::from_chars("", "", number);
END
then
  CXXFLAGS="${CXXFLAGS//-stdlib=libc++/}"
  export LDFLAGS="${LDFLAGS:-} -static-libstdc++"
fi
# RapidJSON adds to null pointers.
CXXFLAGS="$CXXFLAGS -fsanitize-ignorelist=$source/fuzz/sanitizer_ignorelist.txt"
export CXXFLAGS

targets=("$@")
if [ "${#targets[@]}" -eq 0 ]; then
  for file in "$source"/fuzz/fuzz_*.cpp; do
    targets+=("$(basename "$file" .cpp | sed 's/^fuzz_//')")
  done
fi

# The engine's flags are among CXXFLAGS already.
cmake -S "$source" -B "$work" -G Ninja -DCMAKE_BUILD_TYPE= "-DCMAKE_CXX_COMPILER=$CXX" \
  -DSOCKETIO_BUILD_FUZZERS=ON -DSOCKETIO_BUILD_TESTS=OFF -DSOCKETIO_BUILD_EXAMPLES=OFF -DSOCKETIO_INSTALL=OFF \
  -DSOCKETIO_WARNINGS_AS_ERRORS=OFF "-DSOCKETIO_FUZZING_ENGINE=$LIB_FUZZING_ENGINE" -DSOCKETIO_FUZZING_FLAGS= \
  -DOPENSSL_USE_STATIC_LIBS=ON -DZLIB_USE_STATIC_LIBS=ON
cmake --build "$work" --target "${targets[@]/#/fuzz_}"

for target in "${targets[@]}"; do
  cp "$work/fuzz/fuzz_$target" "$OUT/"
  cp "$source/fuzz/tokens.dict" "$OUT/fuzz_$target.dict"
  printf '[libfuzzer]\nmax_len = 4096\n' > "$OUT/fuzz_$target.options"
  folders=()
  while read -r folder; do folders+=("$folder"); done < "$work/fuzz/fuzz_$target.corpora"
  rm -f "$OUT/fuzz_${target}_seed_corpus.zip"
  for folder in "${folders[@]}"; do
    (cd "$folder" && zip -q "$OUT/fuzz_${target}_seed_corpus.zip" ./*)
  done
done
