//! WASI 0.2 as engines link it: handles are the guest's own, each of its type, and everything else is what a liar says.

use arbitrary::{Result, Unstructured};

use super::{
    arguments::{path_text, wide},
    world::{OPEN_FILES, OPENED, SECRET, World},
};
use crate::{
    host::{
        FileFlags, Host, Step, Stop, Stream,
        wasi2::{Fault, PIECE, StreamFailure},
    },
    vfs::{Errno, OpenHow, SetTime},
};

/// What a guest holds.
pub(super) struct Guest {
    world: World,
    files: Vec<u32>,
    inputs: Vec<u32>,
    outputs: Vec<u32>,
    listings: Vec<u32>,
    pollables: Vec<u32>,
    errors: Vec<u32>,
    /// Whether a limit has ended it.
    ended: bool,
}

impl Guest {
    pub(super) fn new(input: &mut Unstructured<'_>) -> Self {
        let mut world = World::new(input, |_| false);
        let given = world.host().directories().expect("they are there");
        let mut files: Vec<u32> = given.into_iter().map(|(fd, _)| fd).collect();
        // What the world has opened comes after them.
        let next = files.iter().max().map_or(0, |last| last + 1);
        files.extend(next..next + OPENED);
        let nothing = Vec::new;
        let (inputs, outputs, listings) = (nothing(), nothing(), nothing());
        Self { world, files, inputs, outputs, listings, pollables: nothing(), errors: nothing(), ended: false }
    }

    /// Makes one call and checks what must hold.
    pub(super) fn step(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let outcome = match input.int_in_range(0..=9)? {
            0 => self.open(input)?,
            1 => self.names(input)?,
            2 => self.streams(input)?,
            3 | 4 => self.read(input)?,
            5 => self.write(input)?,
            6 => self.list(input)?,
            7 => self.poll(input)?,
            8 => self.errors(input)?,
            _ => self.drop_one(input)?,
        };
        self.world.check_quota("WASI 0.2");
        match outcome {
            Ok(()) | Err(Fault::Errno(_) | Fault::Length(_) | Fault::Closed) => Ok(()),
            Err(Fault::Stop(Stop::Limit(_) | Stop::Exit(_))) => {
                self.ended = true;
                Err(arbitrary::Error::NotEnoughData)
            }
            Err(Fault::Stop(stop)) => panic!("a guest with handles of its own was ended: {stop:?}"),
        }
    }

    /// Drops everything, and checks that nothing is left open.
    pub(super) fn end(mut self) {
        if !self.ended {
            let handles = [&self.inputs, &self.outputs, &self.listings, &self.pollables, &self.errors];
            let handles: Vec<u32> = handles.into_iter().flatten().copied().collect();
            let host = self.world.host();
            self.files.drain(..).for_each(|fd| host.let_go(fd).expect("it is open"));
            handles.into_iter().for_each(|handle| host.drop_handle(handle).expect("it is there"));
            assert!(
                (3..2 * OPEN_FILES).all(|fd| host.access(fd).err() == Some(Errno::Badf)),
                "something is still open"
            );
        }
        self.world.check_end();
    }

    fn host(&mut self) -> &mut Host {
        self.world.host()
    }

    fn open(&mut self, input: &mut Unstructured<'_>) -> Result<Outcome> {
        let fd = one(&self.files, input)?;
        let path = path_text(input)?;
        let [read, write, create, exclusive, truncate, directory, follow] = input.arbitrary()?;
        let how = OpenHow { read, write, create, exclusive, truncate, directory, follow };
        let flags = FileFlags::new(input.arbitrary::<u8>()?.into()).unwrap_or_default();
        let opened = self.host().open(fd, &path, how, flags);
        Ok(opened.map(|fd| self.files.push(fd)).map_err(Fault::from))
    }

    fn names(&mut self, input: &mut Unstructured<'_>) -> Result<Outcome> {
        let (fd, to_fd) = (one(&self.files, input)?, one(&self.files, input)?);
        let (path, to, follow) = (path_text(input)?, path_text(input)?, input.arbitrary()?);
        let (act, size) = (input.int_in_range(0..=11)?, wide(input)?);
        let host = self.host();
        let done = match act {
            0 => host.create_directory(fd, &path),
            1 => host.stat_at(fd, &path, follow).map(|_| ()),
            2 => host.set_times_at(fd, &path, follow, SetTime::Now, SetTime::Keep),
            3 => host.link(fd, &path, follow, to_fd, &to),
            4 => host.rename(fd, &path, to_fd, &to),
            5 => host.symlink(&to, fd, &path),
            6 => host.read_link(fd, &path).map(|target| assert!(!target.starts_with(b"/"))),
            7 => host.remove_directory(fd, &path),
            8 => host.unlink(fd, &path),
            9 => host.set_size(fd, size),
            10 => host.sync(fd, follow),
            _ => host.stat(fd).map(|_| ()),
        };
        Ok(done.map_err(Fault::from))
    }

    fn streams(&mut self, input: &mut Unstructured<'_>) -> Result<Outcome> {
        let (fd, position) = (one(&self.files, input)?, wide(input)?);
        Ok(match input.int_in_range(0..=4)? {
            0 => self.host().stdin().map(|handle| self.inputs.push(handle)).map_err(Fault::from),
            1 => self.host().output(Stream::Stdout).map(|handle| self.outputs.push(handle)).map_err(Fault::from),
            2 => self.host().read_stream(fd, position).map(|handle| self.inputs.push(handle)),
            3 => self.host().write_stream(fd, None).map(|handle| self.outputs.push(handle)),
            _ => self.host().write_stream(fd, Some(position)).map(|handle| self.outputs.push(handle)),
        })
    }

    fn read(&mut self, input: &mut Unstructured<'_>) -> Result<Outcome> {
        let (len, offset, blocking) = (wide(input)?, wide(input)?, input.arbitrary()?);
        let read = if input.arbitrary()? {
            let fd = one(&self.files, input)?;
            self.host().read_file(fd, len, offset)
        } else {
            let stream = one(&self.inputs, input)?;
            self.host().read(stream, len, blocking)
        };
        Ok(read.map(|step| {
            if let Step::Done(bytes) = step {
                assert!(bytes.len() as u64 <= len && bytes.len() <= PIECE, "{} bytes of {len}", bytes.len());
                assert!(!String::from_utf8_lossy(&bytes).contains(SECRET), "the guest has read what was not granted");
            }
        }))
    }

    fn write(&mut self, input: &mut Unstructured<'_>) -> Result<Outcome> {
        let bytes = vec![b'x'; input.int_in_range(0..=8000)?];
        if input.arbitrary()? {
            let (fd, offset) = (one(&self.files, input)?, wide(input)?);
            return Ok(self.host().write_piece(fd, &bytes, offset).map(|written| assert!(written <= bytes.len())));
        }
        let stream = one(&self.outputs, input)?;
        let mut done = 0;
        let written = self.host().write(stream, &bytes, &mut done);
        assert!(done <= bytes.len() && (written.is_err() || done == bytes.len()));
        let room = self.host().room(stream);
        Ok(written.and(room).map(|room| assert_eq!(room, PIECE)))
    }

    fn list(&mut self, input: &mut Unstructured<'_>) -> Result<Outcome> {
        if input.arbitrary()? {
            let fd = one(&self.files, input)?;
            return Ok(self.host().list(fd).map(|handle| self.listings.push(handle)));
        }
        let listing = one(&self.listings, input)?;
        let entry = self.host().next_entry(listing);
        Ok(entry.map(|entry| assert!(entry.is_none_or(|entry| entry.name != b"." && entry.name != b".."))))
    }

    fn poll(&mut self, input: &mut Unstructured<'_>) -> Result<Outcome> {
        let nanos = wide(input)?;
        let made = match input.int_in_range(0..=5)? {
            0 => self.world.host().timer(nanos),
            1 => self.world.host().alarm(nanos),
            2 => self.world.host().readable(one(&self.inputs, input)?),
            3 => self.world.host().writable(one(&self.outputs, input)?),
            4 => {
                let pollable = one(&self.pollables, input)?;
                return Ok(self.host().has_come(pollable).map(|_| ()).map_err(Fault::from));
            }
            _ => {
                one(&self.pollables, input)?;
                let count = self.pollables.len();
                let come = self.world.host().poll(&self.pollables);
                return Ok(come.map_err(Fault::from).map(|come| {
                    let Step::Done(come) = come else { return };
                    assert!(!come.is_empty() && come.iter().all(|place| (*place as usize) < count), "{come:?}");
                }));
            }
        };
        Ok(made.map(|handle| self.pollables.push(handle)).map_err(Fault::from))
    }

    fn errors(&mut self, input: &mut Unstructured<'_>) -> Result<Outcome> {
        if input.arbitrary()? {
            return Ok(self
                .host()
                .error(StreamFailure::Errno(Errno::Nospc))
                .map(|handle| self.errors.push(handle))
                .map_err(Fault::from));
        }
        let error = one(&self.errors, input)?;
        Ok(self
            .host()
            .stream_failure(error)
            .map(|failed| assert!(matches!(failed, StreamFailure::Errno(Errno::Nospc))))
            .map_err(Fault::from))
    }

    fn drop_one(&mut self, input: &mut Unstructured<'_>) -> Result<Outcome> {
        let lists = [
            &mut self.files,
            &mut self.inputs,
            &mut self.outputs,
            &mut self.listings,
            &mut self.pollables,
            &mut self.errors,
        ];
        let kind = input.int_in_range(0..=lists.len() - 1)?;
        let Some(list) = lists.into_iter().nth(kind).filter(|list| !list.is_empty()) else { return Ok(Ok(())) };
        let handle = list.swap_remove(input.int_in_range(0..=list.len() - 1)?);
        let host = self.world.host();
        let dropped = if kind == 0 { host.let_go(handle) } else { host.drop_handle(handle) };
        Ok(dropped.map_err(Fault::from))
    }
}

/// How a call ended.
type Outcome = std::result::Result<(), Fault>;

/// One of the guest's handles. Without one there is nothing to call with, and the sequence ends.
fn one(handles: &[u32], input: &mut Unstructured<'_>) -> Result<u32> {
    input.choose(handles).copied()
}
