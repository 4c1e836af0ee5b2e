use std::{
    fs::File,
    io::{Read, Seek, Write},
};

fn main() {
    match std::env::args().nth(1).unwrap_or_default().as_str() {
        "sha256" => sha256(),
        "sort" => sort(),
        "matrix" => matrix(),
        "file" => file(),
        "print" => print(),
        other => panic!("no program {other}"),
    }
}

/// SHA-256 over 8 MiB.
fn sha256() {
    const K: [u32; 8] =
        [0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5];
    let mut state = [0x6a09e667u32, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];
    let mut block = [0u32; 64];
    for round in 0..131_072u32 {
        for (n, word) in block.iter_mut().take(16).enumerate() {
            *word = round.wrapping_mul(2_654_435_761).wrapping_add(n as u32);
        }
        for n in 16..64 {
            let a = block[n - 15];
            let b = block[n - 2];
            let s0 = a.rotate_right(7) ^ a.rotate_right(18) ^ (a >> 3);
            let s1 = b.rotate_right(17) ^ b.rotate_right(19) ^ (b >> 10);
            block[n] = block[n - 16].wrapping_add(s0).wrapping_add(block[n - 7]).wrapping_add(s1);
        }
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = state;
        for n in 0..64 {
            let s1 = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
            let t1 = h.wrapping_add(s1).wrapping_add((e & f) ^ (!e & g)).wrapping_add(K[n % 8]).wrapping_add(block[n]);
            let s0 = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
            let t2 = s0.wrapping_add((a & b) ^ (a & c) ^ (b & c));
            (h, g, f, e, d, c, b, a) = (g, f, e, d.wrapping_add(t1), c, b, a, t1.wrapping_add(t2));
        }
        for (old, new) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
            *old = old.wrapping_add(new);
        }
    }
    assert_ne!(state[0], 0x6a09e667);
}

/// Sorts a million numbers.
fn sort() {
    let mut seed = 1u64;
    let mut numbers: Vec<u64> = (0..1_000_000)
        .map(|_| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            seed >> 11
        })
        .collect();
    numbers.sort_unstable();
    assert!(numbers.windows(2).all(|pair| pair[0] <= pair[1]));
}

/// A product of two matrices of 300 by 300.
fn matrix() {
    const N: usize = 300;
    let a: Vec<f64> = (0..N * N).map(|n| (n % 97) as f64).collect();
    let mut c = vec![0.0; N * N];
    for i in 0..N {
        for k in 0..N {
            for j in 0..N {
                c[i * N + j] += a[i * N + k] * a[k * N + j];
            }
        }
    }
    assert!(c[0] > 0.0);
}

/// Writes and reads 64 MiB in pieces of 64 KiB.
fn file() {
    let piece = vec![7u8; 64 << 10];
    let mut file = File::options().read(true).write(true).create(true).truncate(true).open("/data/file").unwrap();
    for _ in 0..1024 {
        file.write_all(&piece).unwrap();
    }
    file.rewind().unwrap();
    let mut back = vec![0u8; 64 << 10];
    let mut total = 0;
    loop {
        match file.read(&mut back).unwrap() {
            0 => break,
            len => total += len,
        }
    }
    assert_eq!(total, 64 << 20);
}

/// A hundred thousand small writes.
fn print() {
    let mut stdout = std::io::stdout().lock();
    for _ in 0..100_000 {
        stdout.write_all(b"a small line\n").unwrap();
    }
}
