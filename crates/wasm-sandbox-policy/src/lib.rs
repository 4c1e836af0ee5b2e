//! What a guest may do and how much: capabilities, limits, units, results and error codes.
//!
//! Data and pure decisions only. Nothing here opens a file, reads a clock or knows an engine, so that a program that only
//! writes policies or reads results can depend on this crate alone.

mod advice;
mod capability;
mod code;
mod config;
mod error;
mod limits;
mod manifest;
mod narrow;
mod network;
mod plain;
mod result;
mod text;
mod tool;
mod units;
mod validate;
mod version;

pub use advice::Improvement;
pub use capability::{
    AdvancedCapabilities, Capabilities, ClockPolicy, EnvironmentPolicy, FilesystemPolicy, GuestPath, GuestPathError,
    MountAccess, MountConfig, ProcessPolicy, RandomPolicy, SystemPolicy, ThreadPolicy,
};
pub use code::{CodeRow, ErrorCode};
pub use config::{InstanceConfig, InstanceConfigBuilder};
pub use error::{ConfigProblem, ErrorReport, SandboxError};
pub use limits::{FuelLimit, LimitHit, ResourceKind, ResourceLimits};
pub use manifest::{GuestKind, Manifest, ProjectGuest};
pub use network::{
    AddressKind, ConnectionRecord, HeaderSecret, HostError, HostName, HostPattern, IpNetwork, NetworkGrants,
    NetworkHost, NetworkPolicy, NetworkProtocol, NetworkRefusal, NetworkRule, NetworkRuleError, SecretText,
};
pub use plain::Plain;
pub use result::{
    Backtrace, CpuUsage, Denial, DetailedResourceUsage, Ending, FileChanges, IoUsage, MemoryUsage, Output,
    ResourceSnapshot, SandboxResult, SecurityContext, Trap, TrapKind,
};
pub use tool::{ToolOutcome, ToolRecord};
pub use units::{ByteSize, ByteUnits, TimeUnits, UnitError, parse_duration};
pub use validate::{ConfigValidator, ResourceEstimate};
pub use version::{Version, VersionError};

/// The guide's examples run.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/policy.md")]
struct PolicyGuide;
