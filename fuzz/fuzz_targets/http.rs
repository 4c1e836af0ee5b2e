#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| wasm_sandbox::fuzzing::host::http::exchange(data));
