//! Programs and libraries in ELF, small and made here.

/// Where the file is in memory: the usual place of programs of 64 bits.
const BASE: u64 = 0x40_0000;

/// A program or library that is described, not compiled.
#[derive(Clone, Debug)]
pub struct Elf {
    is_64: bool,
    is_little: bool,
    machine: u16,
    is_library: bool,
    interpreter: Option<String>,
    dynamic: Vec<(u64, String)>,
    flags: u64,
    code: Vec<u8>,
}

impl Elf {
    /// Begins a static program for amd64 that does nothing.
    pub fn program() -> Self {
        Self {
            is_64: true,
            is_little: true,
            machine: 62,
            is_library: false,
            interpreter: None,
            dynamic: Vec::new(),
            flags: 0,
            code: Vec::new(),
        }
    }

    /// Begins a library for amd64; `soname` is what others call it.
    pub fn library(soname: &str) -> Self {
        Self::shared().entry(14, soname)
    }

    /// Begins a library for amd64 without a name of its own, or a program of today that says nothing of it.
    pub fn shared() -> Self {
        Self {
            is_library: true,
            ..Self::program()
        }
    }

    /// A static program for Linux on amd64 that prints `hello` and ends well.
    pub fn hello() -> Self {
        let text = b"hello\n";
        let mut code = vec![
            0xb8, 1, 0, 0, 0, // mov eax, 1: write
            0xbf, 1, 0, 0, 0, // mov edi, 1: stdout
            0x48, 0x8d, 0x35, 16, 0, 0, 0, // lea rsi, [rip + 16]: behind the code
            0xba, 6, 0, 0, 0, // mov edx, 6
            0x0f, 0x05, // syscall
            0xb8, 60, 0, 0, 0, // mov eax, 60: exit
            0x31, 0xff, // xor edi, edi
            0x0f, 0x05, // syscall
        ];
        code.extend(text);
        Self {
            code,
            ..Self::program()
        }
    }

    /// Makes it one for another machine, e.g. `(false, true, 3)` for 386: 64 bits, little-endian, `e_machine`.
    #[must_use]
    pub fn machine(mut self, is_64: bool, is_little: bool, machine: u16) -> Self {
        (self.is_64, self.is_little, self.machine) = (is_64, is_little, machine);
        self
    }

    /// Names the program that loads it.
    #[must_use]
    pub fn interpreter(mut self, path: &str) -> Self {
        self.interpreter = Some(path.to_owned());
        self
    }

    /// Adds a library that it needs.
    #[must_use]
    pub fn needs(self, name: &str) -> Self {
        self.entry(1, name)
    }

    /// Says where libraries are, for all that it loads.
    #[must_use]
    pub fn rpath(self, path: &str) -> Self {
        self.entry(15, path)
    }

    /// Says where libraries are, for itself alone.
    #[must_use]
    pub fn runpath(self, path: &str) -> Self {
        self.entry(29, path)
    }

    /// Sets flags that its loader heeds: `DT_FLAGS_1`.
    #[must_use]
    pub fn flags(mut self, flags: u64) -> Self {
        self.flags = flags;
        self
    }

    /// Has it ask for a function of another library.
    #[must_use]
    pub fn calls(self, function: &str) -> Self {
        // No entry of its own: the name is among the strings.
        self.entry(0, function)
    }

    fn entry(mut self, tag: u64, text: &str) -> Self {
        self.dynamic.push((tag, text.to_owned()));
        self
    }

    /// Makes the file.
    pub fn build(&self) -> Vec<u8> {
        let (header, program_header) = if self.is_64 { (64, 56) } else { (52, 32) };
        let is_dynamic = !self.dynamic.is_empty() || self.flags != 0;
        let headers = 1 + usize::from(self.interpreter.is_some()) + usize::from(is_dynamic);
        let start = header + headers * program_header;
        let mut body = self.code.clone();
        let place = |body: &Vec<u8>| (start + body.len()) as u64;

        let mut segments = Vec::new();
        if let Some(interpreter) = &self.interpreter {
            let at = place(&body);
            body.extend(interpreter.as_bytes());
            body.push(0);
            segments.push((3, at, interpreter.len() as u64 + 1));
        }
        if is_dynamic {
            let strings = place(&body);
            body.push(0);
            let mut entries = Vec::new();
            for (tag, text) in &self.dynamic {
                if *tag != 0 {
                    entries.push((*tag, place(&body) - strings));
                }
                body.extend(text.as_bytes());
                body.push(0);
            }
            if self.flags != 0 {
                entries.push((0x6fff_fffb, self.flags));
            }
            entries.extend([(5, BASE + strings), (10, place(&body) - strings), (0, 0)]);
            let at = place(&body);
            for (tag, value) in entries {
                self.word(&mut body, tag);
                self.word(&mut body, value);
            }
            segments.push((2, at, place(&body) - at));
        }
        segments.insert(0, (1, 0, place(&body)));

        let mut file = b"\x7fELF".to_vec();
        file.extend([1 + u8::from(self.is_64), 2 - u8::from(self.is_little), 1]);
        file.resize(16, 0);
        self.number(&mut file, if self.is_library { 3 } else { 2 }, 2);
        self.number(&mut file, self.machine.into(), 2);
        self.number(&mut file, 1, 4);
        self.word(&mut file, BASE + start as u64);
        self.word(&mut file, header as u64);
        self.word(&mut file, 0);
        self.number(&mut file, 0, 4);
        for (value, width) in [
            (header, 2),
            (program_header, 2),
            (headers, 2),
            (0, 2),
            (0, 2),
            (0, 2),
        ] {
            self.number(&mut file, value as u64, width);
        }
        for (kind, at, size) in segments {
            self.number(&mut file, kind, 4);
            // Readable and executable; the fields of 32 bits have another order.
            if self.is_64 {
                self.number(&mut file, 5, 4);
            }
            for value in [at, BASE + at, BASE + at, size, size] {
                self.word(&mut file, value);
            }
            if !self.is_64 {
                self.number(&mut file, 5, 4);
            }
            self.word(&mut file, 0x1000);
        }
        file.extend(body);
        file
    }

    fn word(&self, bytes: &mut Vec<u8>, value: u64) {
        self.number(bytes, value, if self.is_64 { 8 } else { 4 });
    }

    fn number(&self, bytes: &mut Vec<u8>, value: u64, width: usize) {
        if self.is_little {
            bytes.extend(&value.to_le_bytes()[..width]);
        } else {
            bytes.extend(&value.to_be_bytes()[8 - width..]);
        }
    }
}
