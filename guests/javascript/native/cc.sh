#!/bin/sh
# The C compiler of the engine, called as the crate `cc` calls one. `cargo xtask guests` fills in the names in braces.
#
# Every function gets a frame in memory that is as large as the one on the stack that really ends: see `frames.awk`. One function of the
# engine's is mended on the way: see `redeclare.awk`.
set -e
zig='{zig}'
native='{native}'
output= source= previous=
for argument do
    shift
    case "$previous" in -o) output=$argument; previous=; continue ;; esac
    case "$argument" in
        -o) ;;
        -c | --target=*) ;;
        *.c) source=$argument ;;
        *) set -- "$@" "$argument" ;;
    esac
    previous=$argument
done
if [ -z "$source" ] || [ -z "$output" ]; then
    exec "$zig" cc -target wasm32-wasi "$@" ${source:+"$source"}
fi
folder=$(dirname "$source")
case "$source" in */quickjs.c)
    { echo '#line 1 "/engine/quickjs.c"' && awk -f "$native/redeclare.awk" "$source"; } > "$output.c"
    set -- "$@" -I "$folder"
    source=$output.c ;;
esac
"$zig" cc -target wasm32-wasi -g0 -ffile-prefix-map="$folder"=/engine -Xclang -stack-protector -Xclang 3 \
    -include "$native/prelude.h" "$@" "$source" -S -o "$output.s"
awk -f "$native/frames.awk" "$output.s" > "$output.padded.s"
"$zig" cc -target wasm32-wasi -g0 -c "$output.padded.s" -o "$output"
