#![no_main]
use wasm_sandbox_policy::InstanceConfig;

libfuzzer_sys::fuzz_target!(|text: &str| wasm_sandbox_fuzz::policy(InstanceConfig::from_json(text)));
