//! The filter that answers every call to sync with success.
//!
//! The staging tree is worthless until the image is written, and package managers sync after every
//! file: on a disk that is most of their time. Nothing in the root has to change for it.

use super::raw;
use std::io;

/// One processor architecture: how the kernel names it, and its numbers of the calls that sync.
struct Abi {
    /// `AUDIT_ARCH_*` of `linux/audit.h`.
    audit: u32,
    /// Bits of a call's number that are no part of it: x32 marks its calls in the table of amd64.
    mark: u32,
    /// fsync, fdatasync, sync, syncfs, msync, `sync_file_range` in `arch/*/syscalls/syscall*.tbl`.
    calls: [u32; CALLS as usize],
}

/// How many there are on each.
const CALLS: u8 = 6;

/// Every architecture that may run here: as itself, beside another, or emulated.
const ABIS: [Abi; 9] = [
    // amd64, x32
    abi(0xC000_003E, 0x4000_0000, [74, 75, 162, 306, 26, 277]),
    // i386
    abi(0x4000_0003, 0, [118, 148, 36, 344, 144, 314]),
    // arm64
    abi(0xC000_00B7, 0, [82, 83, 81, 267, 227, 84]),
    // arm
    abi(0x4000_0028, 0, [118, 148, 36, 373, 144, 341]),
    // riscv64
    abi(0xC000_00F3, 0, [82, 83, 81, 267, 227, 84]),
    // loong64
    abi(0xC000_0102, 0, [82, 83, 81, 267, 227, 84]),
    // ppc64el
    abi(0xC000_0015, 0, [118, 148, 36, 348, 144, 308]),
    // ppc64
    abi(0x8000_0015, 0, [118, 148, 36, 348, 144, 308]),
    // s390x
    abi(0x8000_0016, 0, [118, 148, 36, 338, 144, 307]),
];

const fn abi(audit: u32, mark: u32, calls: [u32; 6]) -> Abi {
    Abi { audit, mark, calls }
}

/// Makes sync calls of this process and its descendants succeed without doing anything.
pub fn suppress_syncs() -> io::Result<()> {
    raw::install_filter(&mut filter())
}

/// Offsets in `struct seccomp_data`.
const NUMBER: u32 = 0;
const ARCH: u32 = 4;

/// Succeed with 0: an "error" with that number.
const SUCCEED: u32 = libc::SECCOMP_RET_ERRNO;
const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;

fn filter() -> Vec<libc::sock_filter> {
    let mut program = vec![load(ARCH)];
    for abi in &ABIS {
        // Not this architecture: on to the next, over load, mask, one test per call, and two answers.
        program.push(jump_if_equal(abi.audit, 0, 4 + CALLS));
        program.push(load(NUMBER));
        program.push(and(!abi.mark));
        for (i, call) in (0..CALLS).zip(abi.calls) {
            // Past the remaining tests and the other answer.
            program.push(jump_if_equal(call, CALLS - i, 0));
        }
        program.push(answer(ALLOW));
        program.push(answer(SUCCEED));
    }
    program.push(answer(ALLOW));
    program
}

fn load(offset: u32) -> libc::sock_filter {
    instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, offset, 0, 0)
}

fn and(mask: u32) -> libc::sock_filter {
    instruction(libc::BPF_ALU | libc::BPF_AND | libc::BPF_K, mask, 0, 0)
}

fn jump_if_equal(value: u32, then: u8, otherwise: u8) -> libc::sock_filter {
    instruction(
        libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K,
        value,
        then,
        otherwise,
    )
}

fn answer(value: u32) -> libc::sock_filter {
    instruction(libc::BPF_RET | libc::BPF_K, value, 0, 0)
}

fn instruction(code: u32, k: u32, jt: u8, jf: u8) -> libc::sock_filter {
    libc::sock_filter {
        code: u16::try_from(code).expect("instructions have 16 bits"),
        jt,
        jf,
        k,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs the filter as the kernel would.
    fn verdict(audit: u32, number: u32) -> u32 {
        let program = filter();
        let (mut at, mut register) = (0, 0);
        loop {
            let step = program[at];
            at += 1;
            match u32::from(step.code) {
                code if code == libc::BPF_LD | libc::BPF_W | libc::BPF_ABS => {
                    register = if step.k == ARCH { audit } else { number };
                }
                code if code == libc::BPF_ALU | libc::BPF_AND | libc::BPF_K => register &= step.k,
                code if code == libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K => {
                    at += usize::from(if register == step.k { step.jt } else { step.jf });
                }
                code if code == libc::BPF_RET | libc::BPF_K => return step.k,
                code => panic!("unknown instruction {code:#x}"),
            }
        }
    }

    #[test]
    fn exactly_the_sync_calls_of_each_architecture_are_answered() {
        for abi in &ABIS {
            let answered: Vec<u32> = (0..600)
                .filter(|number| verdict(abi.audit, *number) == SUCCEED)
                .collect();
            let mut calls = abi.calls.to_vec();
            calls.sort_unstable();
            assert_eq!(answered, calls, "{:#x}", abi.audit);
        }
    }

    #[test]
    fn x32_is_amd64_with_a_mark() {
        assert_eq!(verdict(0xC000_003E, 0x4000_0000 + 74), SUCCEED);
        assert_eq!(verdict(0xC000_003E, 0x4000_0000 + 1), ALLOW);
        assert_eq!(verdict(0xC000_00B7, 0x4000_0000 + 82), ALLOW);
    }

    #[test]
    fn an_unknown_architecture_is_left_alone() {
        for number in 0..600 {
            assert_eq!(verdict(0x1234, number), ALLOW);
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn our_own_numbers_are_in_the_table() {
        let own = [
            libc::SYS_fsync,
            libc::SYS_fdatasync,
            libc::SYS_sync,
            libc::SYS_syncfs,
            libc::SYS_msync,
            libc::SYS_sync_file_range,
        ];
        assert_eq!(ABIS[0].calls.map(i64::from), own);
    }
}
