//! The walls, prepared in the parent so that the child only has to close them.

use std::collections::BTreeMap;

use landlock::{
    ABI, Access, AccessFs, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreated,
    RulesetCreatedAttr, Scope,
};
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};
use wasm_sandbox_policy::SandboxError;

use super::{JailSpec, view::View};

/// What the kernel is to enforce.
pub(super) struct Walls {
    pub(super) view: View,
    pub(super) files: RulesetCreated,
    pub(super) calls: BpfProgram,
}

/// The oldest Landlock that has every right over files that matters here, truncation among them.
const LANDLOCK: ABI = ABI::V3;

impl Walls {
    pub(super) fn build(spec: &JailSpec) -> Result<Self, SandboxError> {
        let missing = |what: &str, reason: String| SandboxError::Unenforceable {
            what: "the jail that compilers run in".to_owned(),
            reason: format!("{what}: {reason}"),
        };
        Ok(Self {
            view: View::plan(spec).map_err(|error| missing("what it sees", error.to_string()))?,
            files: files(spec).map_err(|error| missing("Landlock", error.to_string()))?,
            calls: calls(spec.network).map_err(|error| missing("seccomp", error))?,
        })
    }
}

fn files(spec: &JailSpec) -> Result<RulesetCreated, landlock::RulesetError> {
    let all = AccessFs::from_all(LANDLOCK);
    let read = AccessFs::from_read(LANDLOCK);
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(all)?
        // Newer kernels also keep signals and abstract sockets inside.
        .set_compatibility(CompatLevel::BestEffort)
        .scope(Scope::from_all(ABI::V6))?
        .create()?;
    for (paths, access) in [(&spec.read, read), (&spec.write, all)] {
        for path in paths {
            // A path that is not there needs no rule.
            let Ok(descriptor) = PathFd::new(path) else { continue };
            let access = if path.is_dir() { access } else { access & AccessFs::from_file(LANDLOCK) };
            ruleset = ruleset.add_rule(PathBeneath::new(descriptor, access))?;
        }
    }
    Ok(ruleset)
}

/// Calls that lead out of the other walls, or that no compiler needs; they fail with `EPERM`.
const REFUSED: &[libc::c_long] = &[
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_kexec_load,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsmount,
    libc::SYS_fsconfig,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_userfaultfd,
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_syslog,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_pidfd_getfd,
    libc::SYS_personality,
    libc::SYS_listen,
];

/// Calls that are refused as well where there is no network.
const NETWORK: &[libc::c_long] = &[libc::SYS_socket, libc::SYS_connect, libc::SYS_bind];

fn calls(network: bool) -> Result<BpfProgram, String> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = REFUSED.iter().map(|number| (*number, Vec::new())).collect();
    if network {
        let rule = not_the_internet().map_err(|error| error.to_string())?;
        rules.insert(libc::SYS_socket, vec![rule]);
    } else {
        rules.extend(NETWORK.iter().map(|number| (*number, Vec::new())));
    }
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(|error| error.to_string())?;
    let refuse = SeccompAction::Errno(libc::EPERM.cast_unsigned());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch).map_err(|error| error.to_string())?;
    filter.try_into().map_err(|error: BackendError| error.to_string())
}

/// Sockets of another kind than a fetch needs, such as those of programs on this machine. Names are resolved with the help
/// of netlink, which tells what addresses there are.
fn not_the_internet() -> Result<SeccompRule, BackendError> {
    let families = [libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];
    let other = |family: libc::c_int| {
        let family = u64::from(family.cast_unsigned());
        SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, family)
    };
    SeccompRule::new(families.into_iter().map(other).collect::<Result<_, _>>()?)
}
