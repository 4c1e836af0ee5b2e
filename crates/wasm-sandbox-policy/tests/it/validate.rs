//! Mistakes, advice and estimates.

use std::time::Duration;

use wasm_sandbox_policy::{
    ByteSize, ByteUnits, ClockPolicy, ConfigValidator, InstanceConfig, InstanceConfigBuilder, MountAccess, MountConfig,
    RandomPolicy, ResourceLimits, SandboxError, TimeUnits,
};

/// The fields that are wrong, with what is said of them.
fn mistakes(builder: InstanceConfigBuilder) -> Vec<String> {
    match builder.build() {
        Ok(_) => Vec::new(),
        Err(SandboxError::Configuration { problems }) => problems.iter().map(ToString::to_string).collect(),
        Err(other) => panic!("{other}"),
    }
}

/// What an outer mount shows at the place of an inner one could be reached through the outer one, so neither may be there.
#[test]
fn a_mount_inside_another_is_refused() {
    let builder = || InstanceConfig::builder().filesystem_read("/srv", "/data");
    assert_eq!(
        mistakes(builder().filesystem_memory("/data/secret")),
        [
            "capabilities.filesystem.mounts[1].guest: of the mounts at `/data` and `/data/secret`, one is inside the other; \
          mount them side by side: `/data/secret` could be `/data-secret`"
        ]
    );
    assert_eq!(
        mistakes(InstanceConfig::builder().filesystem_memory("/a/b/c").filesystem_read("/srv", "/a/")),
        [
            "capabilities.filesystem.mounts[1].guest: of the mounts at `/a` and `/a/b/c`, one is inside the other; mount \
          them side by side: `/a/b/c` could be `/a-c`"
        ]
    );
    assert_eq!(
        mistakes(builder().filesystem_memory("/")),
        ["capabilities.filesystem.mounts[1].guest: of the mounts at `/` and `/data`, one is inside the other; mount \
          what is at `/` at a path of its own, such as `/files`"]
    );
    assert_eq!(mistakes(builder().filesystem_memory("/data-secret").filesystem_memory("/dat")), [""; 0]);
    assert_eq!(mistakes(InstanceConfig::builder().filesystem_memory("/")), [""; 0]);
}

#[test]
fn guest_paths_are_absolute_and_say_so() {
    assert_eq!(
        mistakes(
            InstanceConfig::builder().filesystem_memory("tmp").filesystem_memory("/a/..").filesystem_memory("/ok")
        ),
        [
            "capabilities.filesystem.mounts[0].guest: `tmp` is not a guest path: it must be absolute, such as `/data`",
            "capabilities.filesystem.mounts[1].guest: `/a/..` is not a guest path: it must not go up with `..`",
        ]
    );
    let config = InstanceConfig::builder().filesystem_memory("//a/./b//").build().unwrap();
    assert_eq!(config.capabilities.filesystem.mounts[0].guest().as_str(), "/a/b");
}

/// Each field of the limits just beyond what can be, and just within.
#[test]
fn bounds_are_where_they_are_said_to_be() {
    type Change = fn(&mut ResourceLimits);
    let cases: [(&str, Change, Change); 14] = [
        ("memory", |l| l.memory = ByteSize::bytes(65_535), |l| l.memory = 64.kb()),
        ("memory", |l| l.memory = ByteSize::bytes((4 << 30) + 1), |l| l.memory = 4.gb()),
        ("stack", |l| l.stack = 63.kb(), |l| l.stack = 64.kb()),
        ("stack", |l| l.stack = 65.mb(), |l| l.stack = 64.mb()),
        ("input", |l| l.input = 0.bytes(), |l| l.input = 1.bytes()),
        ("input", |l| l.input = 5.gb(), |l| l.input = 4.gb()),
        ("timeout", |l| l.timeout = Duration::ZERO, |l| l.timeout = Duration::from_nanos(1)),
        ("timeout", |l| l.timeout = 86_401.seconds(), |l| l.timeout = 86_400.seconds()),
        ("cpu_time", |l| l.cpu_time = Duration::ZERO, |l| l.cpu_time = 86_400.seconds()),
        ("instances", |l| l.instances = 0, |l| l.instances = 1),
        ("host_calls", |l| l.host_calls = 0, |l| l.host_calls = 1),
        ("table_elements", |l| l.table_elements = (1 << 20) + 1, |l| l.table_elements = 1 << 20),
        ("open_files", |l| l.open_files = 3, |l| l.open_files = 4),
        ("open_files", |l| l.open_files = (1 << 20) + 1, |l| l.open_files = 1 << 20),
    ];
    for (name, beyond, within) in cases {
        let with = |change: Change| {
            let mut limits = ResourceLimits::default();
            change(&mut limits);
            mistakes(InstanceConfig::builder().limits(limits))
        };
        let said = with(beyond);
        assert!(said.len() == 1 && said[0].starts_with(&format!("limits.{name}: ")), "{name}: {said:?}");
        assert_eq!(with(within), [""; 0], "{name}");
    }
    assert_eq!(mistakes(InstanceConfig::builder().fuel(0)).len(), 1);
    assert_eq!(mistakes(InstanceConfig::builder().fuel(1)), [""; 0]);
}

/// A grant that can have no effect, and one that the limits do not let in.
#[test]
fn contradictions_are_mistakes() {
    let limits = |change: fn(&mut ResourceLimits)| {
        let mut limits = ResourceLimits::default();
        change(&mut limits);
        InstanceConfig::builder().limits(limits)
    };
    let empty: fn(&mut ResourceLimits) = |limits| limits.disk = 0.bytes();
    for builder in [limits(empty), limits(|limits| limits.files = 0)] {
        assert_eq!(
            mistakes(builder.clone().filesystem_memory("/tmp")),
            [
                "capabilities.filesystem.mounts[0].kind: nothing can ever be in it, since `limits.disk` or `limits.files` \
              is zero; raise the limit, or take the mount out"
            ]
        );
        assert_eq!(mistakes(builder.filesystem_write("/srv", "/data")), [""; 0], "what is there can be overwritten");
    }
    let tight = limits(|limits| limits.input = 10.bytes());
    assert_eq!(mistakes(tight.clone().env("NAME", "1234")), [""; 0]);
    assert_eq!(
        mistakes(tight.env("NAME", "12345")),
        [
            "capabilities.system.environment.variables: 11 bytes are more than `limits.input` lets in; raise the limit, or \
          shorten them"
        ]
    );
}

fn advice(builder: InstanceConfigBuilder) -> Vec<(String, String)> {
    let config = builder.build().unwrap();
    let all = ConfigValidator::new(&config).suggest_improvements();
    all.into_iter().map(|advice| (advice.field, advice.message)).collect()
}

#[test]
fn advice_is_given_where_there_is_cause() {
    assert_eq!(advice(InstanceConfig::builder()), []);
    let ordinary = InstanceConfig::builder()
        .filesystem_read("/srv/data", "/data")
        .filesystem_overlay("/home/me/project", "/project")
        .filesystem_zip("library.zip", "/library")
        .filesystem_memory("/tmp")
        .env("LANG", "C")
        .env("KEYBOARD", "de")
        .env("HOME_PAGE", "https://a.example/@me")
        .timeout(600.seconds());
    assert_eq!(advice(ordinary), []);
    let open = InstanceConfig::builder()
        .filesystem_write("/", "/all")
        .env("API_TOKEN", "x")
        .clock(ClockPolicy::Real)
        .random(RandomPolicy::Seeded(1))
        .timeout(601.seconds())
        .cpu_time(601.seconds())
        .memory_limit(2.gb())
        .output_limit(1.gb())
        .disk_limit(11.gb());
    let fields: Vec<String> = advice(open).into_iter().map(|(field, _)| field).collect();
    assert_eq!(
        fields,
        [
            "capabilities.filesystem.mounts[0].access",
            "capabilities.filesystem.mounts[0].host",
            "capabilities.system.clock",
            "capabilities.system.random",
            "capabilities.system.environment.variables.API_TOKEN",
            "limits.timeout",
            "limits.cpu_time",
            "limits.memory",
            "limits.output",
            "limits.disk",
        ]
    );
}

#[test]
fn delicate_places_are_known_by_any_spelling() {
    for (host, seen) in [
        ("/", "the whole file system"),
        ("/srv/../..", "the whole file system"),
        ("/proc", "the memory, environment"),
        ("/proc/self", "the memory, environment"),
        ("/sys/fs", "this machine's devices and the switches"),
        ("/dev/./shm", "this machine's devices"),
        ("/etc", "this machine's settings"),
        ("//etc/ssl/", "this machine's settings"),
        ("/run/docker.sock", "the sockets of this machine's services"),
        ("/var/run", "the sockets of this machine's services"),
        ("/srv/docker.sock", "a socket"),
        ("/root/project", "a home directory"),
        ("/home", "a home directory"),
        ("/home/me/", "a home directory"),
        ("/home/me/.ssh", "`.ssh`"),
        ("../.aws/cache", "`.aws`"),
    ] {
        for builder in [
            InstanceConfig::builder().filesystem_read(host, "/x"),
            InstanceConfig::builder().filesystem_overlay(host, "/x"),
            InstanceConfig::builder().filesystem_zip(host, "/x"),
        ] {
            let advice = advice(builder);
            assert_eq!(advice.len(), 1, "{host}: {advice:?}");
            assert!(advice[0].1.contains(seen), "{host}: {advice:?}");
        }
    }
    for (host, seen) in [("/usr/local", "programs"), ("project/.git", "hooks")] {
        assert_eq!(advice(InstanceConfig::builder().filesystem_read(host, "/x")), []);
        let advice = advice(InstanceConfig::builder().filesystem_write(host, "/x"));
        assert!(advice.len() == 2 && advice[1].1.contains(seen), "{host}: {advice:?}");
    }
}

#[test]
fn a_directory_that_is_written_here_and_shown_there_is_noticed() {
    let both = |there: &str| {
        let builder = InstanceConfig::builder().filesystem_write("/srv/out", "/out");
        advice(builder.filesystem_read(there, "/in")).iter().filter(|(_, message)| message.contains("`/in`")).count()
    };
    assert_eq!(["/srv/out", "/srv", "/srv/x/../out", "/srv/outer", "/var"].map(both), [1, 1, 1, 0, 0]);
}

#[test]
fn secrets_are_known_by_name_and_by_value() {
    for (name, value) in [
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("password", "x"),
        ("Api-Key", "x"),
        ("CERTIFICATE", "-----BEGIN PRIVATE KEY-----"),
        ("DATABASE", "postgres://me:word@db/x"),
    ] {
        let said = advice(InstanceConfig::builder().env(name, value));
        assert!(said.len() == 1 && said[0].1.contains("the guest can print it"), "{name}: {said:?}");
        let said = advice(InstanceConfig::builder().env(name, value).filesystem_write("/srv/out", "/out"));
        assert!(said[1].1.contains("the guest can keep it in `/out`"), "{name}: {said:?}");
    }
}

#[test]
fn estimates_are_sums_of_limits() {
    let config = InstanceConfig::builder().filesystem_memory("/tmp").build().unwrap();
    let estimate = ConfigValidator::new(&config).estimate_resource_usage();
    let expected = (256 + 1 + 10 + 16) * (1 << 20) + 800_000;
    assert_eq!(estimate.memory, ByteSize::bytes(expected));
    assert_eq!((estimate.disk, estimate.wall_time), (ByteSize::bytes(0), Duration::from_secs(30)));
}

#[test]
fn e2_no_mount_lies_in_what_the_guest_may_write() {
    let built = |outer: MountAccess, inner: &str| {
        let mut config = InstanceConfig::default();
        let host = |guest: &str, host: &str, access| MountConfig::Host {
            guest: guest.parse().unwrap(),
            host: host.into(),
            access,
        };
        config.capabilities.filesystem.mounts =
            vec![host("/a", "/srv/data", outer), host("/b", inner, MountAccess::Read)];
        config.validate()
    };
    let problems = built(MountAccess::Write, "/srv/data/in");
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].message.contains("could put something else there"), "{}", problems[0].message);
    // What it may only read stays where it is, and so does the folder itself and what lies beside it.
    assert!(built(MountAccess::Read, "/srv/data/in").is_empty());
    assert!(built(MountAccess::Write, "/srv/data").is_empty() && built(MountAccess::Write, "/srv/data2").is_empty());
}
