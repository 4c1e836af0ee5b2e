//! What fuzz targets share.

use wasm_sandbox_policy::{ConfigValidator, InstanceConfig};

/// What was read from any text as a policy: it is valid, and the same after it was written and read again.
pub fn policy<E>(read: Result<InstanceConfig, E>) {
    let Ok(config) = read else { return };
    assert!(config.validate().is_empty());
    assert!(config.permits(&config), "a policy permits itself");
    assert!(config.permits(&config.narrowed_by(&InstanceConfig::default())), "narrowing widened");
    let validator = ConfigValidator::new(&config);
    let _ = (validator.suggest_improvements(), validator.estimate_resource_usage());
    let json = serde_json::to_string(&config).expect("a policy is JSON");
    assert_eq!(InstanceConfig::from_json(&json).expect("what was written is read"), config);
}
