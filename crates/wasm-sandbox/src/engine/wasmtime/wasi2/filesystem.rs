//! `wasi:filesystem`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use wasmtime::component::Resource;

use super::{
    Refused,
    bindings::wasi::{
        clocks::wall_clock::Datetime,
        filesystem::{
            preopens,
            types::{
                self, Advice, Descriptor, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry,
                DirectoryEntryStream, ErrorCode, MetadataHashValue, NewTimestamp, OpenFlags, PathFlags,
            },
        },
        io::{
            error::Error,
            streams::{InputStream, OutputStream},
        },
    },
    clocks::datetime,
};
use crate::{
    engine::wasmtime::{store::StoreData, trap::Stopped},
    host::{FileFlags, wasi2::StreamFailure},
    vfs::{Errno, FileKind, OpenHow, SetTime, Stat},
};

/// What a function of a descriptor gives.
type Filed<T> = Result<T, Refused>;

/// The flags that say when what is written is on the disk, and preview 1's.
const SYNC_FLAGS: [(DescriptorFlags, FileFlags); 3] = [
    (DescriptorFlags::FILE_INTEGRITY_SYNC, FileFlags::SYNC),
    (DescriptorFlags::DATA_INTEGRITY_SYNC, FileFlags::DSYNC),
    (DescriptorFlags::REQUESTED_WRITE_SYNC, FileFlags::RSYNC),
];

impl preopens::Host for StoreData {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        let directories = self.call()?.directories().map_err(Stopped)?;
        Ok(directories.into_iter().map(|(fd, path)| (Resource::new_own(fd), path)).collect())
    }
}

impl types::Host for StoreData {
    fn convert_error_code(&mut self, refused: Refused) -> wasmtime::Result<ErrorCode> {
        match refused {
            Refused::Errno(errno) => Ok(error_code(errno)),
            refused => Err(refused.into()),
        }
    }

    fn filesystem_error_code(&mut self, error: Resource<Error>) -> wasmtime::Result<Option<ErrorCode>> {
        Ok(match self.call()?.stream_failure(error.rep()).map_err(Stopped)? {
            StreamFailure::Errno(errno) => Some(error_code(errno)),
            StreamFailure::Length(_) => None,
        })
    }
}

impl types::HostDescriptor for StoreData {
    fn read_via_stream(&mut self, file: Resource<Descriptor>, offset: u64) -> Filed<Resource<InputStream>> {
        Ok(Resource::new_own(self.call()?.read_stream(file.rep(), offset)?))
    }

    fn write_via_stream(&mut self, file: Resource<Descriptor>, offset: u64) -> Filed<Resource<OutputStream>> {
        Ok(Resource::new_own(self.call()?.write_stream(file.rep(), Some(offset))?))
    }

    fn append_via_stream(&mut self, file: Resource<Descriptor>) -> Filed<Resource<OutputStream>> {
        Ok(Resource::new_own(self.call()?.write_stream(file.rep(), None)?))
    }

    fn advise(&mut self, file: Resource<Descriptor>, offset: u64, len: u64, _: Advice) -> Filed<()> {
        Ok(self.call()?.advise(file.rep(), offset, len)?)
    }

    fn sync_data(&mut self, file: Resource<Descriptor>) -> Filed<()> {
        Ok(self.call()?.sync(file.rep(), true)?)
    }

    fn sync(&mut self, file: Resource<Descriptor>) -> Filed<()> {
        Ok(self.call()?.sync(file.rep(), false)?)
    }

    fn get_flags(&mut self, file: Resource<Descriptor>) -> Filed<DescriptorFlags> {
        let access = self.call()?.access(file.rep())?;
        let is_directory = access.kind == FileKind::Directory;
        let write = if is_directory { DescriptorFlags::MUTATE_DIRECTORY } else { DescriptorFlags::WRITE };
        let given = |flag, given| if given { flag } else { DescriptorFlags::empty() };
        let flags = SYNC_FLAGS.into_iter().map(|(flag, known)| given(flag, access.flags.has(known)));
        Ok(flags.fold(given(DescriptorFlags::READ, access.read) | given(write, access.write), |all, flag| all | flag))
    }

    fn get_type(&mut self, file: Resource<Descriptor>) -> Filed<DescriptorType> {
        Ok(descriptor_type(self.call()?.access(file.rep())?.kind))
    }

    fn set_size(&mut self, file: Resource<Descriptor>, size: u64) -> Filed<()> {
        Ok(self.call()?.set_size(file.rep(), size)?)
    }

    fn set_times(&mut self, file: Resource<Descriptor>, accessed: NewTimestamp, modified: NewTimestamp) -> Filed<()> {
        let (accessed, modified) = (set_time(accessed)?, set_time(modified)?);
        Ok(self.call()?.set_times(file.rep(), accessed, modified)?)
    }

    /// The end is where nothing more is read, for the system may give less than was asked for anywhere.
    async fn read(&mut self, file: Resource<Descriptor>, len: u64, offset: u64) -> Filed<(Vec<u8>, bool)> {
        let bytes = self.settle(|host| host.read_file(file.rep(), len, offset)).await?;
        let end = len > 0 && bytes.is_empty();
        Ok((bytes, end))
    }

    fn write(&mut self, file: Resource<Descriptor>, bytes: Vec<u8>, offset: u64) -> Filed<u64> {
        Ok(self.call()?.write_piece(file.rep(), &bytes, offset)? as u64)
    }

    fn read_directory(&mut self, directory: Resource<Descriptor>) -> Filed<Resource<DirectoryEntryStream>> {
        Ok(Resource::new_own(self.call()?.list(directory.rep())?))
    }

    fn create_directory_at(&mut self, directory: Resource<Descriptor>, path: String) -> Filed<()> {
        Ok(self.call()?.create_directory(directory.rep(), &path)?)
    }

    fn stat(&mut self, file: Resource<Descriptor>) -> Filed<DescriptorStat> {
        Ok(descriptor_stat(&self.call()?.stat(file.rep())?))
    }

    fn stat_at(&mut self, directory: Resource<Descriptor>, flags: PathFlags, path: String) -> Filed<DescriptorStat> {
        Ok(descriptor_stat(&self.call()?.stat_at(directory.rep(), &path, follows(flags))?))
    }

    fn set_times_at(
        &mut self,
        directory: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> Filed<()> {
        let (accessed, modified) = (set_time(accessed)?, set_time(modified)?);
        Ok(self.call()?.set_times_at(directory.rep(), &path, follows(flags), accessed, modified)?)
    }

    fn link_at(
        &mut self,
        directory: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
        to_directory: Resource<Descriptor>,
        to: String,
    ) -> Filed<()> {
        Ok(self.call()?.link(directory.rep(), &path, follows(flags), to_directory.rep(), &to)?)
    }

    fn open_at(
        &mut self,
        directory: Resource<Descriptor>,
        path_flags: PathFlags,
        path: String,
        open_flags: OpenFlags,
        flags: DescriptorFlags,
    ) -> Filed<Resource<Descriptor>> {
        let write = flags.contains(DescriptorFlags::WRITE);
        let how = OpenHow {
            read: flags.contains(DescriptorFlags::READ) || !write,
            write,
            create: open_flags.contains(OpenFlags::CREATE),
            exclusive: open_flags.contains(OpenFlags::EXCLUSIVE),
            truncate: open_flags.contains(OpenFlags::TRUNCATE),
            directory: open_flags.contains(OpenFlags::DIRECTORY),
            follow: follows(path_flags),
        };
        let asked = SYNC_FLAGS.into_iter().filter(|(flag, _)| flags.contains(*flag));
        let flags = asked.fold(FileFlags::default(), |all, (_, flag)| all | flag);
        Ok(Resource::new_own(self.call()?.open(directory.rep(), &path, how, flags)?))
    }

    fn readlink_at(&mut self, directory: Resource<Descriptor>, path: String) -> Filed<String> {
        let target = self.call()?.read_link(directory.rep(), &path)?;
        Ok(String::from_utf8(target).map_err(|_| Errno::Ilseq)?)
    }

    fn remove_directory_at(&mut self, directory: Resource<Descriptor>, path: String) -> Filed<()> {
        Ok(self.call()?.remove_directory(directory.rep(), &path)?)
    }

    fn rename_at(
        &mut self,
        directory: Resource<Descriptor>,
        path: String,
        to_directory: Resource<Descriptor>,
        to: String,
    ) -> Filed<()> {
        Ok(self.call()?.rename(directory.rep(), &path, to_directory.rep(), &to)?)
    }

    fn symlink_at(&mut self, directory: Resource<Descriptor>, target: String, path: String) -> Filed<()> {
        Ok(self.call()?.symlink(&target, directory.rep(), &path)?)
    }

    fn unlink_file_at(&mut self, directory: Resource<Descriptor>, path: String) -> Filed<()> {
        Ok(self.call()?.unlink(directory.rep(), &path)?)
    }

    fn is_same_object(&mut self, file: Resource<Descriptor>, other: Resource<Descriptor>) -> wasmtime::Result<bool> {
        let host = self.call()?;
        let mut identity = |file: Resource<Descriptor>| {
            let stat = host.stat(file.rep()).map_err(Refused::from)?;
            Ok::<_, Refused>((stat.device, stat.inode))
        };
        Ok(identity(file)? == identity(other)?)
    }

    fn metadata_hash(&mut self, file: Resource<Descriptor>) -> Filed<MetadataHashValue> {
        Ok(identity(&self.call()?.stat(file.rep())?))
    }

    fn metadata_hash_at(
        &mut self,
        directory: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
    ) -> Filed<MetadataHashValue> {
        Ok(identity(&self.call()?.stat_at(directory.rep(), &path, follows(flags))?))
    }

    fn drop(&mut self, file: Resource<Descriptor>) -> wasmtime::Result<()> {
        Ok(self.call()?.let_go(file.rep()).map_err(Stopped)?)
    }
}

impl types::HostDirectoryEntryStream for StoreData {
    fn read_directory_entry(&mut self, listing: Resource<DirectoryEntryStream>) -> Filed<Option<DirectoryEntry>> {
        let Some(entry) = self.call()?.next_entry(listing.rep())? else { return Ok(None) };
        let name = String::from_utf8(entry.name).map_err(|_| Errno::Ilseq)?;
        Ok(Some(DirectoryEntry { type_: descriptor_type(entry.kind), name }))
    }

    fn drop(&mut self, listing: Resource<DirectoryEntryStream>) -> wasmtime::Result<()> {
        Ok(self.call()?.drop_handle(listing.rep()).map_err(Stopped)?)
    }
}

fn follows(flags: PathFlags) -> bool {
    flags.contains(PathFlags::SYMLINK_FOLLOW)
}

fn descriptor_type(kind: FileKind) -> DescriptorType {
    match kind {
        FileKind::File => DescriptorType::RegularFile,
        FileKind::Directory => DescriptorType::Directory,
        FileKind::Symlink => DescriptorType::SymbolicLink,
        FileKind::Other => DescriptorType::Unknown,
    }
}

fn descriptor_stat(stat: &Stat) -> DescriptorStat {
    DescriptorStat {
        type_: descriptor_type(stat.kind),
        link_count: stat.links,
        size: stat.size,
        data_access_timestamp: stat.accessed.map(timestamp),
        data_modification_timestamp: stat.modified.map(timestamp),
        status_change_timestamp: stat.changed.map(timestamp),
    }
}

/// What preview 1 shows: nothing is before 1970.
fn timestamp(time: SystemTime) -> Datetime {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    datetime(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

fn set_time(time: NewTimestamp) -> Result<SetTime, Errno> {
    let Datetime { seconds, nanoseconds } = match time {
        NewTimestamp::NoChange => return Ok(SetTime::Keep),
        NewTimestamp::Now => return Ok(SetTime::Now),
        NewTimestamp::Timestamp(time) => time,
    };
    let time = UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).ok_or(Errno::Overflow)?;
    if nanoseconds >= 1_000_000_000 {
        return Err(Errno::Inval);
    }
    time.checked_add(Duration::from_nanos(nanoseconds.into())).map(SetTime::To).ok_or(Errno::Overflow)
}

/// What tells a file from others: preview 1 has both numbers in its `filestat`.
fn identity(stat: &Stat) -> MetadataHashValue {
    MetadataHashValue { lower: stat.inode, upper: stat.device }
}

/// What WASI 0.2 calls it. It has no word for too many open files.
fn error_code(errno: Errno) -> ErrorCode {
    match errno {
        Errno::Acces => ErrorCode::Access,
        Errno::Again => ErrorCode::WouldBlock,
        Errno::Already => ErrorCode::Already,
        Errno::Badf => ErrorCode::BadDescriptor,
        Errno::Busy => ErrorCode::Busy,
        Errno::Deadlk => ErrorCode::Deadlock,
        Errno::Dquot => ErrorCode::Quota,
        Errno::Exist => ErrorCode::Exist,
        Errno::Fbig => ErrorCode::FileTooLarge,
        Errno::Ilseq => ErrorCode::IllegalByteSequence,
        Errno::Inprogress => ErrorCode::InProgress,
        Errno::Intr => ErrorCode::Interrupted,
        Errno::Inval => ErrorCode::Invalid,
        Errno::Isdir => ErrorCode::IsDirectory,
        Errno::Loop => ErrorCode::Loop,
        Errno::Mlink => ErrorCode::TooManyLinks,
        Errno::Msgsize => ErrorCode::MessageSize,
        Errno::Nametoolong => ErrorCode::NameTooLong,
        Errno::Nodev => ErrorCode::NoDevice,
        Errno::Noent => ErrorCode::NoEntry,
        Errno::Nolck => ErrorCode::NoLock,
        Errno::Nomem | Errno::Mfile | Errno::Nfile => ErrorCode::InsufficientMemory,
        Errno::Nospc => ErrorCode::InsufficientSpace,
        Errno::Notdir => ErrorCode::NotDirectory,
        Errno::Notempty => ErrorCode::NotEmpty,
        Errno::Notrecoverable => ErrorCode::NotRecoverable,
        Errno::Notsup => ErrorCode::Unsupported,
        Errno::Notty => ErrorCode::NoTty,
        Errno::Nxio => ErrorCode::NoSuchDevice,
        Errno::Overflow => ErrorCode::Overflow,
        Errno::Perm | Errno::Notcapable => ErrorCode::NotPermitted,
        Errno::Pipe => ErrorCode::Pipe,
        Errno::Rofs => ErrorCode::ReadOnly,
        Errno::Spipe => ErrorCode::InvalidSeek,
        Errno::Txtbsy => ErrorCode::TextFileBusy,
        Errno::Xdev => ErrorCode::CrossDevice,
        _ => ErrorCode::Io,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_nobody_can_write_down_is_told_from_one_that_is_none() {
        let set = |seconds, nanoseconds| set_time(NewTimestamp::Timestamp(Datetime { seconds, nanoseconds }));
        assert_eq!(set(u64::MAX, 0).err(), Some(Errno::Overflow));
        assert_eq!(set(u64::MAX, 1_000_000_000).err(), Some(Errno::Overflow));
        assert_eq!(set(1, 1_000_000_000).err(), Some(Errno::Inval));
        // The twin.
        let expected = UNIX_EPOCH + Duration::new(1, 999_999_999);
        assert!(matches!(set(1, 999_999_999), Ok(SetTime::To(time)) if time == expected));
    }
}
