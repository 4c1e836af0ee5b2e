//! What happens between `fork` and `exec`: the child closes the walls around itself.

#![expect(unsafe_code, reason = "namespaces and a second fork have no safe interface")]

use std::{io, os::unix::process::CommandExt, process::Command};

use rustix::process::{Resource, Rlimit, Signal};

use super::{
    JailLimits, JailSpec,
    fork::{die_with, this_process},
    view,
    walls::Walls,
};

/// Exit code of a child whose walls could not be closed; no program that is run here uses it.
pub(super) const WALLS_FAILED: i32 = 250;

/// The signal that makes a jail end, and everything in it, before it is answered.
pub(super) const STOP: Signal = Signal::TERM;

/// Makes the command's process end when this one does, whatever ends it. The thread that starts it must wait for it.
pub(crate) fn die_with_us(command: &mut Command) -> io::Result<()> {
    let this = this_process()?;
    // SAFETY: the closure runs in the forked child, before `exec`. It makes two system calls and touches nothing else.
    unsafe { command.pre_exec(move || Ok(die_with(&this)?)) };
    Ok(())
}

/// Makes the command close the walls around itself before it becomes the program.
pub(super) fn confine(command: &mut Command, walls: Walls, spec: &JailSpec) {
    let (limits, network) = (spec.limits.clone(), spec.network);
    let mut walls = Some(walls);
    let close = move || match walls.take() {
        Some(walls) => close(walls, &limits, network),
        None => Err(io::Error::from_raw_os_error(libc::EINVAL)),
    };
    // SAFETY: the closure runs in the forked child, before `exec`. It makes system calls on what was prepared in the parent,
    // takes no lock, and allocates at most within the C library's allocator, which a forked child may use.
    unsafe { command.pre_exec(close) };
}

fn close(walls: Walls, limits: &JailLimits, network: bool) -> io::Result<()> {
    // What this process happened to have open is not for the program: a pipe could be read and written through it.
    // SAFETY: nothing is closed before `exec`, and the program gets the three standard streams only.
    unsafe { libc::close_range(3, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC as libc::c_int) };
    let mut own =
        libc::CLONE_NEWUSER | libc::CLONE_NEWNS | libc::CLONE_NEWPID | libc::CLONE_NEWIPC | libc::CLONE_NEWUTS;
    if !network {
        own |= libc::CLONE_NEWNET;
    }
    // SAFETY: `unshare` changes only this process, which has a single thread.
    let alone = unsafe { libc::unshare(own) };
    if alone != 0 {
        give_up(b"the kernel gives no namespaces\n");
    }
    if view::die_first().is_err() {
        give_up(b"the kernel does not take this for what to kill first\n");
    }
    if walls.view.become_nobody().is_err() {
        give_up(b"the kernel lets no user be mapped\n");
    }
    become_first_process()?;
    if walls.view.enter().is_err() {
        give_up(b"the kernel gives no tree of files\n");
    }
    bound(limits)?;
    if walls.files.restrict_self().is_err() {
        give_up(b"Landlock cannot be closed\n");
    }
    if seccompiler::apply_filter(&walls.calls).is_err() {
        give_up(b"seccomp cannot be closed\n");
    }
    Ok(())
}

/// Goes on as the first process of the new namespace; the process that was forked stays behind as its shadow, with the same
/// end. When the first process dies, the kernel kills whatever is left in the namespace before the shadow hears of it; when
/// the shadow is killed, the first process dies too.
fn become_first_process() -> io::Result<()> {
    let (signals, before) = hold_signals()?;
    let shadow_itself = this_process()?;
    // SAFETY: this process has a single thread, so its child may do anything.
    let pid = unsafe { libc::fork() };
    match pid {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            die_with(&shadow_itself)?;
            // SAFETY: it sets this process's mask from a set that the kernel has filled in.
            unsafe { libc::sigprocmask(libc::SIG_SETMASK, &raw const before, std::ptr::null_mut()) };
            Ok(())
        }
        pid => shadow(pid, &signals),
    }
}

/// Has the signals that a shadow waits for held back, so that none is lost: the two, and what was held back before.
fn hold_signals() -> io::Result<(libc::sigset_t, libc::sigset_t)> {
    // SAFETY: all-zero bytes are a valid set, each call writes to sets of this function only, and no handler is installed.
    unsafe {
        let (mut signals, mut before): (libc::sigset_t, libc::sigset_t) = (std::mem::zeroed(), std::mem::zeroed());
        libc::sigemptyset(&raw mut signals);
        for signal in [libc::SIGCHLD, STOP.as_raw()] {
            // One that is ignored would never come.
            libc::signal(signal, libc::SIG_DFL);
            libc::sigaddset(&raw mut signals, signal);
        }
        if libc::sigprocmask(libc::SIG_BLOCK, &raw const signals, &raw mut before) != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok((signals, before))
    }
}

fn shadow(pid: libc::pid_t, signals: &libc::sigset_t) -> ! {
    let mut status = 0;
    // Its copies of the streams would keep their readers waiting, and that of the pipe which tells the parent that `exec`
    // went well would keep the parent in `spawn` until the end.
    // SAFETY: nothing in this process uses a descriptor any more.
    unsafe { libc::close_range(0, libc::c_uint::MAX, 0) };
    loop {
        // SAFETY: `sigwaitinfo` only reads the set, `waitpid` writes to `status` only, `pid` is a child that has not been
        // waited for, and `_exit` is always sound.
        unsafe {
            if libc::sigwaitinfo(signals, std::ptr::null_mut()) == STOP.as_raw() {
                libc::kill(pid, libc::SIGKILL);
            }
            if libc::waitpid(pid, &raw mut status, libc::WNOHANG) == pid {
                libc::_exit(if libc::WIFEXITED(status) {
                    libc::WEXITSTATUS(status)
                } else {
                    128 + libc::WTERMSIG(status)
                });
            }
        }
    }
}

fn bound(limits: &JailLimits) -> io::Result<()> {
    let bound = |resource, value: u64| {
        rustix::process::setrlimit(resource, Rlimit { current: Some(value), maximum: Some(value) })
    };
    // One byte holds no dump, and unlike none at all it also stops the kernel from handing one to a program that collects them.
    bound(Resource::Core, 1)?;
    // Later than the watch, which can say what it was.
    bound(Resource::Cpu, limits.cpu_time.as_secs().saturating_add(3))?;
    bound(Resource::As, limits.memory.as_u64())?;
    bound(Resource::Fsize, limits.file_size.as_u64())?;
    bound(Resource::Nproc, limits.processes)?;
    bound(Resource::Nofile, 1024)?;
    Ok(())
}

fn give_up(reason: &[u8]) -> ! {
    // SAFETY: writing to a descriptor from a live slice and ending the process are sound.
    unsafe {
        libc::write(2, reason.as_ptr().cast(), reason.len());
        libc::_exit(WALLS_FAILED)
    }
}
