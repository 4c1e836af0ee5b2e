import os, random, sys, time

arrays, log, handles, last = {}, [], {}, time.monotonic()
names = ['a', 'b', 'd/a', 'd/b']
os.mkdir('/tmp/d')


def put(data):
    view = memoryview(data)
    while view:
        view = view[os.write(1, view):]


def say(text):
    put(f'{text}\n'.encode())


def path(name):
    return '/tmp/' + names[name]


def make(array, size, value):
    arrays[array] = bytearray(bytes([value]) * size)


def fill(array, at, size, value):
    arrays[array][at:at + size] = bytes([value]) * size


def scatter(array, at, step, value):
    places = range(at, len(arrays[array]), step)
    arrays[array][at::step] = bytes([value]) * len(places)


def extend(array, size, value):
    arrays[array] += bytes([value]) * size


def copy(array, to, at, size):
    arrays[to] = arrays[array][at:at + size]


def drop(array):
    del arrays[array]


def note(number):
    log.append(number)


def forget(count):
    del log[:count]


def fail(number):
    log.append(number)
    raise ValueError('as told')


def save(name, size, value):
    with open(path(name), 'wb', 0) as file:
        file.write(bytes([value]) * size)


def append(name, size, value):
    with open(path(name), 'ab', 0) as file:
        file.write(bytes([value]) * size)


def remove(name):
    os.unlink(path(name))


def rename(name, to):
    os.rename(path(name), path(to))


def begin(handle, name):
    handles[handle] = os.open(path(name), os.O_RDWR | os.O_CREAT)


def write(handle, size, value):
    os.write(handles[handle], bytes([value]) * size)


def read(handle, size):
    say(os.read(handles[handle], size).hex())


def seek(handle, to):
    os.lseek(handles[handle], to, os.SEEK_SET)


def cut(handle, size):
    os.ftruncate(handles[handle], size)


def close(handle):
    os.close(handles.pop(handle))


def listen(size):
    say(os.read(0, size).hex())


def draw():
    say(os.urandom(8).hex())


def shuffle():
    say(random.getrandbits(53))


def later():
    global last
    now = time.monotonic()
    say('later' if now >= last else f'{now} before {last}')
    last = now


def bomb():
    try:
        bytearray(1 << 30)
    except MemoryError:
        say('too much')


def gorge():
    parts = []
    try:
        while True:
            parts.append(bytearray(4 << 20))
    except MemoryError:
        say('full')


def room():
    """How much more the disk takes."""
    taken, chunk = 0, bytes(1 << 20)
    with open('/tmp/full', 'wb', 0) as file:
        try:
            while True:
                taken += file.write(chunk)
        except OSError:
            pass
    os.unlink('/tmp/full')
    say(taken)


def show():
    for array in sorted(arrays):
        say(f'array {array} {len(arrays[array])}')
        put(arrays[array])
    say('log ' + ','.join(map(str, log)))
    for name in range(len(names)):
        if os.path.exists(path(name)):
            with open(path(name), 'rb') as file:
                data = file.read()
            say(f'file {name} {len(data)}')
            put(data)
    for handle in sorted(handles):
        descriptor = handles[handle]
        position, size = os.lseek(descriptor, 0, os.SEEK_CUR), os.fstat(descriptor).st_size
        say(f'handle {handle} {position} {size}')
        put(os.pread(descriptor, size, 0))
