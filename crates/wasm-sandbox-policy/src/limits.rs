//! How much a guest may use, and what it means to hit a limit.

use std::{borrow::Cow, fmt, time::Duration};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::units::{ByteSize, duration_text};

/// How much a guest may use. Every field has a finite default; there is no way to say "unlimited". Limits of time, output and
/// host calls count for one run or call, those of memory and files for the life of an instance.
///
/// ```
/// use wasm_sandbox_policy::{ByteUnits, InstanceConfig, ResourceLimits};
///
/// let limits = ResourceLimits { file_size: 1.mb(), open_files: 16, ..ResourceLimits::default() };
/// let policy = InstanceConfig::builder().limits(limits).build()?;
/// # Ok::<(), wasm_sandbox_policy::SandboxError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ResourceLimits {
    /// Memory: all linear memory of the sandbox from its first byte, an interpreter's own included, and its files that are kept
    /// in memory. Default 256MB, from 64KB to 4GB. The guest's stack, captured output and other bookkeeping of the host are
    /// not counted.
    pub memory: ByteSize,
    /// Elements of all tables together. Default 100,000, at most 1,048,576.
    pub table_elements: u64,
    /// Instances of core modules in one sandbox. Default 100. A module is one, a component some four to forty; other sandboxes do
    /// not count.
    pub instances: u32,
    /// Stack of the guest's own calls. Default 1MB, from 64KB to 64MB. Host functions have a stack of their own.
    pub stack: ByteSize,
    /// Processor time for one run or call. Default 30s, at most a day. Measured by the host's thread clock, checked every
    /// millisecond. Compiling, and threads that host functions start, are not counted.
    #[serde(with = "duration_text")]
    #[schemars(with = "String")]
    pub cpu_time: Duration,
    /// Time on the wall for one run or call, sleeps and host calls included. Default 30s, at most a day. It does not cover
    /// compiling, nor interrupt a host function that blocks its thread.
    #[serde(with = "duration_text")]
    #[schemars(with = "String")]
    pub timeout: Duration,
    /// Counted instructions: a number, or `"off"`. Default `"off"`: not counted, since counting costs about a quarter of the speed; `cpu_time` and
    /// `timeout` hold either way.
    pub fuel: FuelLimit,
    /// Bytes written to stdout and stderr together, captured or not. Default 10MB.
    pub output: ByteSize,
    /// Bytes that a guest may add to its writable mounts together, those in memory included. Default 100MB. Bytes written
    /// over others in a directory of the host are not counted.
    pub disk: ByteSize,
    /// Files, directories and links that a guest may create. Default 10,000.
    pub files: u64,
    /// Size of one file that a guest writes. Default 100MB. A larger file that was there can be read.
    pub file_size: ByteSize,
    /// Files and directories open at a time; the three standard streams, the root and each mount are open from the start.
    /// Default 256, at most 1,048,576.
    pub open_files: u32,
    /// Calls from the guest to the host. Default 100,000,000.
    pub host_calls: u64,
    /// Bytes carried by calls from the guest to the host. Default 16GB. What the guest moves in its own memory is not counted.
    pub host_call_bytes: ByteSize,
    /// Arguments, environment and given input together, and the arguments or result of one call. Default 16MB, at most 4GB. An
    /// input that is passed through from the process is not counted.
    pub input: ByteSize,
}

impl Default for ResourceLimits {
    fn default() -> Self {
        Self {
            memory: ByteSize::mib(256),
            table_elements: 100_000,
            instances: 100,
            stack: ByteSize::mib(1),
            cpu_time: Duration::from_secs(30),
            timeout: Duration::from_secs(30),
            fuel: FuelLimit::Off,
            output: ByteSize::mib(10),
            disk: ByteSize::mib(100),
            files: 10_000,
            file_size: ByteSize::mib(100),
            open_files: 256,
            host_calls: 100_000_000,
            host_call_bytes: ByteSize::gib(16),
            input: ByteSize::mib(16),
        }
    }
}

/// Whether instructions are counted, and how many a guest may run. In text, `"off"` or a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum FuelLimit {
    /// Instructions are not counted.
    #[default]
    Off,
    /// The guest ends once it has run this many.
    Units(u64),
}

impl Serialize for FuelLimit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Off => serializer.serialize_str("off"),
            Self::Units(units) => serializer.serialize_u64(*units),
        }
    }
}

impl<'de> Deserialize<'de> for FuelLimit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FuelVisitor)
    }
}

struct FuelVisitor;

impl de::Visitor<'_> for FuelVisitor {
    type Value = FuelLimit;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of instructions, or `\"off\"`")
    }

    fn visit_u64<E: de::Error>(self, units: u64) -> Result<FuelLimit, E> {
        Ok(FuelLimit::Units(units))
    }

    fn visit_i64<E: de::Error>(self, units: i64) -> Result<FuelLimit, E> {
        let wrong = |_| E::invalid_value(de::Unexpected::Signed(units), &self);
        u64::try_from(units).map(FuelLimit::Units).map_err(wrong)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<FuelLimit, E> {
        match text {
            "off" => Ok(FuelLimit::Off),
            _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
        }
    }
}

impl JsonSchema for FuelLimit {
    fn schema_name() -> Cow<'static, str> {
        "FuelLimit".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "oneOf": [
            { "const": "off", "description": "Instructions are not counted." },
            { "type": "integer", "minimum": 1, "description": "The guest ends once it has run this many." },
        ] })
    }
}

/// What a limit bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ResourceKind {
    /// Linear memory and files in memory, in bytes.
    Memory,
    /// Table elements.
    TableElements,
    /// Core instances.
    Instances,
    /// The guest's call stack, in bytes.
    Stack,
    /// Processor time, in milliseconds.
    CpuTime,
    /// Wall time, in milliseconds.
    WallTime,
    /// Fuel, in units.
    Fuel,
    /// Output, in bytes.
    Output,
    /// Bytes added to writable mounts.
    Disk,
    /// Files created.
    Files,
    /// Size of one file, in bytes.
    FileSize,
    /// Open files.
    OpenFiles,
    /// Calls to the host.
    HostCalls,
    /// Bytes carried by calls to the host.
    HostCallBytes,
    /// Arguments, environment and input, in bytes.
    Input,
    /// Things that a component and its callers hold in handles.
    Handles,
    /// Connections to the network at a time.
    OpenConnections,
    /// Connections to the network.
    Connections,
    /// Bytes sent to the network.
    BytesSent,
    /// Bytes received from the network.
    BytesReceived,
    /// Live sandboxes in this process.
    Sandboxes,
    /// Memory of all sandboxes in this process, in bytes.
    ProcessMemory,
    /// Processor or wall time of a compiler, in milliseconds.
    CompileTime,
    /// Memory of a compiler, in bytes.
    CompileMemory,
    /// Processes of a compile at a time.
    CompileProcesses,
}

impl ResourceKind {
    /// The kind's name in messages: `memory`, `wall time`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::TableElements => "table elements",
            Self::Instances => "instances",
            Self::Stack => "stack",
            Self::CpuTime => "cpu time",
            Self::WallTime => "wall time",
            Self::Fuel => "fuel",
            Self::Output => "output",
            Self::Disk => "disk",
            Self::Files => "files",
            Self::FileSize => "file size",
            Self::OpenFiles => "open files",
            Self::HostCalls => "host calls",
            Self::HostCallBytes => "host call bytes",
            Self::Input => "input",
            Self::Handles => "handles",
            Self::OpenConnections => "open connections",
            Self::Connections => "connections",
            Self::BytesSent => "bytes sent",
            Self::BytesReceived => "bytes received",
            Self::Sandboxes => "live sandboxes",
            Self::ProcessMemory => "memory of all sandboxes",
            Self::CompileTime => "compile time",
            Self::CompileMemory => "compile memory",
            Self::CompileProcesses => "compile processes",
        }
    }

    /// The setting of a policy that bounds it; none for what bounds the process or a compiler, or is no
    /// setting.
    pub fn setting(self) -> Option<&'static str> {
        Some(match self {
            Self::Memory => "limits.memory",
            Self::TableElements => "limits.table_elements",
            Self::Instances => "limits.instances",
            Self::Stack => "limits.stack",
            Self::CpuTime => "limits.cpu_time",
            Self::WallTime => "limits.timeout",
            Self::Fuel => "limits.fuel",
            Self::Output => "limits.output",
            Self::Disk => "limits.disk",
            Self::Files => "limits.files",
            Self::FileSize => "limits.file_size",
            Self::OpenFiles => "limits.open_files",
            Self::HostCalls => "limits.host_calls",
            Self::HostCallBytes => "limits.host_call_bytes",
            Self::Input => "limits.input",
            Self::OpenConnections => "capabilities.network.allow.connections",
            Self::Connections => "capabilities.network.allow.total_connections",
            Self::BytesSent => "capabilities.network.allow.bytes_sent",
            Self::BytesReceived => "capabilities.network.allow.bytes_received",
            Self::Handles
            | Self::Sandboxes
            | Self::ProcessMemory
            | Self::CompileTime
            | Self::CompileMemory
            | Self::CompileProcesses => return None,
        })
    }

    /// The unit that `used` and `limit` of a [`LimitHit`] are in, for people: `bytes`, `ms` or nothing.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Memory
            | Self::Stack
            | Self::Output
            | Self::Disk
            | Self::FileSize
            | Self::HostCallBytes
            | Self::Input
            | Self::BytesSent
            | Self::BytesReceived
            | Self::ProcessMemory
            | Self::CompileMemory => " bytes",
            Self::CpuTime | Self::WallTime | Self::CompileTime => " ms",
            Self::TableElements
            | Self::Instances
            | Self::Fuel
            | Self::Files
            | Self::OpenFiles
            | Self::HostCalls
            | Self::Handles
            | Self::OpenConnections
            | Self::Connections
            | Self::Sandboxes
            | Self::CompileProcesses => "",
        }
    }
}

/// A limit that was hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitHit {
    /// Which limit.
    pub kind: ResourceKind,
    /// What the guest had used, or would have used had it been let: in the kind's own unit.
    pub used: u64,
    /// What it was allowed.
    pub limit: u64,
}

impl fmt::Display for LimitHit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, used, limit } = self;
        write!(f, "{} limit hit: {used}{unit} of {limit}{unit}", kind.name(), unit = kind.unit())
    }
}
