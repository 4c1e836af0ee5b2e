//! `wasi:cli`.

use wasmtime::component::Resource;

use super::bindings::wasi::{
    cli::{
        environment, exit, stderr, stdin, stdout,
        terminal_input::{self, TerminalInput},
        terminal_output::{self, TerminalOutput},
        terminal_stderr, terminal_stdin, terminal_stdout,
    },
    io::streams::{InputStream, OutputStream},
};
use crate::{
    engine::wasmtime::{store::StoreData, trap::Stopped},
    host::{Stop, Stream},
};

impl environment::Host for StoreData {
    fn get_environment(&mut self) -> wasmtime::Result<Vec<(String, String)>> {
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Ok(self.call()?.environment().map(own).collect())
    }

    fn get_arguments(&mut self) -> wasmtime::Result<Vec<String>> {
        Ok(self.call()?.arguments().to_vec())
    }

    fn initial_cwd(&mut self) -> wasmtime::Result<Option<String>> {
        self.call()?;
        Ok(None)
    }
}

impl exit::Host for StoreData {
    fn exit(&mut self, status: Result<(), ()>) -> wasmtime::Result<()> {
        self.exit_with_code(status.is_err().into())
    }

    fn exit_with_code(&mut self, code: u8) -> wasmtime::Result<()> {
        self.call()?;
        Err(Stopped(Stop::Exit(code.into())).into())
    }
}

impl stdin::Host for StoreData {
    fn get_stdin(&mut self) -> wasmtime::Result<Resource<InputStream>> {
        Ok(Resource::new_own(self.call()?.stdin().map_err(Stopped)?))
    }
}

impl stdout::Host for StoreData {
    fn get_stdout(&mut self) -> wasmtime::Result<Resource<OutputStream>> {
        Ok(Resource::new_own(self.call()?.output(Stream::Stdout).map_err(Stopped)?))
    }
}

impl stderr::Host for StoreData {
    fn get_stderr(&mut self) -> wasmtime::Result<Resource<OutputStream>> {
        Ok(Resource::new_own(self.call()?.output(Stream::Stderr).map_err(Stopped)?))
    }
}

impl terminal_input::Host for StoreData {}

impl terminal_input::HostTerminalInput for StoreData {
    fn drop(&mut self, terminal: Resource<TerminalInput>) -> wasmtime::Result<()> {
        Ok(self.call()?.drop_handle(terminal.rep()).map_err(Stopped)?)
    }
}

impl terminal_output::Host for StoreData {}

impl terminal_output::HostTerminalOutput for StoreData {
    fn drop(&mut self, terminal: Resource<TerminalOutput>) -> wasmtime::Result<()> {
        Ok(self.call()?.drop_handle(terminal.rep()).map_err(Stopped)?)
    }
}

impl terminal_stdin::Host for StoreData {
    fn get_terminal_stdin(&mut self) -> wasmtime::Result<Option<Resource<TerminalInput>>> {
        Ok(self.call()?.terminal(Stream::Stdin).map_err(Stopped)?.map(Resource::new_own))
    }
}

impl terminal_stdout::Host for StoreData {
    fn get_terminal_stdout(&mut self) -> wasmtime::Result<Option<Resource<TerminalOutput>>> {
        Ok(self.call()?.terminal(Stream::Stdout).map_err(Stopped)?.map(Resource::new_own))
    }
}

impl terminal_stderr::Host for StoreData {
    fn get_terminal_stderr(&mut self) -> wasmtime::Result<Option<Resource<TerminalOutput>>> {
        Ok(self.call()?.terminal(Stream::Stderr).map_err(Stopped)?.map(Resource::new_own))
    }
}
