"""What programs expect of CPython, and a guest without threads and processes does not have.

It runs once in every image, before the driver. What cannot work says so in an exception; what would trap waits or fails.
"""


def _stand_in():
    import errno
    import hashlib
    import hmac
    import itertools
    import os
    import queue
    import threading
    import time

    import _thread

    class Lock:
        """A lock where nobody else could release it: waiting for it takes its time and fails."""

        def __init__(self):
            self._held = False

        def acquire(self, blocking=True, timeout=-1):
            if timeout != -1 and (not blocking or timeout < 0):
                raise ValueError("can't specify a timeout for a non-blocking call" if not blocking else "timeout value must be a non-negative number")
            if not self._held:
                self._held = True
                return True
            if blocking and timeout == -1:
                raise RuntimeError("this waits for ever: there are no threads that could release the lock")
            if blocking:
                time.sleep(timeout)
            return False

        def release(self):
            if not self._held:
                raise RuntimeError("release unlocked lock")
            self._held = False

        def locked(self):
            return self._held

        def __enter__(self):
            return self.acquire()

        def __exit__(self, *error):
            self.release()

        def __repr__(self):
            return f"<{'locked' if self._held else 'unlocked'} lock at {id(self):#x}>"

        def _at_fork_reinit(self):
            self._held = False

        acquire_lock, release_lock, locked_lock = acquire, release, locked

    Lock.__name__, Lock.__qualname__, Lock.__module__ = "lock", "lock", "_thread"
    # The interpreter's own locks trap when they would wait.
    _thread.allocate_lock = _thread.allocate = _thread.lock = _thread.LockType = Lock
    threading.Lock = threading._allocate_lock = Lock
    queue.SimpleQueue = queue._PySimpleQueue

    def no_processes(*arguments, **named):
        raise OSError(errno.ENOTSUP, "there are no processes in this sandbox")

    os.system = os.pipe = no_processes
    os.WNOHANG = 1

    def pbkdf2_hmac(hash_name, password, salt, iterations, dklen=None):
        """Password-based key derivation function 2, of PKCS #5."""
        if iterations < 1 or dklen is not None and dklen < 1:
            raise ValueError("iteration value must be greater than 0." if iterations < 1 else "key length must be greater than 0.")
        begun = hmac.new(password, None, hash_name)
        size = begun.digest_size if dklen is None else dklen

        def hashed(text):
            one = begun.copy()
            one.update(text)
            return one.digest()

        key = b""
        for block in itertools.count(1):
            if len(key) >= size:
                return key[:size]
            last = hashed(bytes(salt) + block.to_bytes(4, "big"))
            mixed = int.from_bytes(last, "big")
            for _ in range(iterations - 1):
                last = hashed(last)
                mixed ^= int.from_bytes(last, "big")
            key += mixed.to_bytes(begun.digest_size, "big")

    hashlib.pbkdf2_hmac = pbkdf2_hmac


_stand_in()
del _stand_in
