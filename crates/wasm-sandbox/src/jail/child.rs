//! What happens between `fork` and `exec`: the child closes the walls around itself.

#![expect(unsafe_code, reason = "namespaces and a second fork have no safe interface")]

use std::{io, os::unix::process::CommandExt, process::Command};

use rustix::process::{Resource, Rlimit, Signal};

use super::{JailLimits, walls::Walls};

/// Exit code of a child whose walls could not be closed; no program that is run here uses it.
pub(super) const WALLS_FAILED: i32 = 250;

/// Makes the command close the walls around itself before it becomes the program.
pub(super) fn confine(command: &mut Command, walls: Walls, limits: &JailLimits) {
    let limits = limits.clone();
    let mut walls = Some(walls);
    let close = move || match walls.take() {
        Some(walls) => close(walls, &limits),
        None => Err(io::Error::from_raw_os_error(libc::EINVAL)),
    };
    // SAFETY: the closure runs in the forked child, before `exec`. It makes system calls on what was prepared in the parent,
    // takes no lock, and allocates at most within the C library's allocator, which a forked child may use.
    unsafe { command.pre_exec(close) };
}

fn close(walls: Walls, limits: &JailLimits) -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    // SAFETY: `unshare` changes only this process, which has a single thread.
    let alone = unsafe {
        libc::unshare(
            libc::CLONE_NEWUSER | libc::CLONE_NEWNET | libc::CLONE_NEWPID | libc::CLONE_NEWIPC | libc::CLONE_NEWUTS,
        )
    };
    if alone != 0 {
        give_up(b"the kernel gives no namespaces\n");
    }
    become_first_process()?;
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
/// end. When the shadow is killed the first process dies too, and the kernel kills whatever is left in the namespace.
fn become_first_process() -> io::Result<()> {
    // SAFETY: this process has a single thread, so its child may do anything.
    let pid = unsafe { libc::fork() };
    match pid {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
            Ok(())
        }
        pid => shadow(pid),
    }
}

fn shadow(pid: libc::pid_t) -> ! {
    let mut status = 0;
    // Its copies of the streams would keep their readers waiting, and that of the pipe which tells the parent that `exec`
    // went well would keep the parent in `spawn` until the end.
    // SAFETY: nothing in this process uses a descriptor any more.
    unsafe { libc::close_range(0, libc::c_uint::MAX, 0) };
    loop {
        // SAFETY: `waitpid` writes to `status` only, and `_exit` is always sound.
        unsafe {
            if libc::waitpid(pid, &raw mut status, 0) == pid {
                libc::_exit(if libc::WIFEXITED(status) {
                    libc::WEXITSTATUS(status)
                } else {
                    128 + libc::WTERMSIG(status)
                });
            }
            if io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
                libc::_exit(WALLS_FAILED);
            }
        }
    }
}

fn bound(limits: &JailLimits) -> io::Result<()> {
    let bound = |resource, value: u64| {
        rustix::process::setrlimit(resource, Rlimit { current: Some(value), maximum: Some(value) })
    };
    bound(Resource::Core, 0)?;
    bound(Resource::Cpu, limits.cpu_time.as_secs().max(1))?;
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
