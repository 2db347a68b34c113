package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"github.com/metagraph/metagraph/internal/testfiles"
)

// oddNames is a file with names that contain characters special to shells.
const oddNames = `graph_def {
  node { name: "plain" op: "Placeholder" }
  node { name: "a:b" op: "Placeholder" }
  node { name: "two words" op: "Placeholder" device: "/job:ps/task:0" }
  node { name: "cost$1" op: "Placeholder" device: "/job:worker/task:0/device:GPU:0" }
  node { name: "s$x/y z/w" op: "Const" }
  node { name: "s$x/q'q/w" op: "Const" }
  node { name: "s$x/caf\303\251/w" op: "Const" }
}
collection_def { key: "two words" value { bytes_list { value: "x" } } }
collection_def { key: "a:b" value { bytes_list { value: "x" } } }
collection_def { key: "a:c" value { bytes_list { value: "x" } } }
collection_def { key: "it's" value { bytes_list { value: "x" } } }
collection_def { key: "say \"hi\" twice" value { bytes_list { value: "x" } } }
collection_def { key: "cost$HOME" value { bytes_list { value: "x" } } }
collection_def { key: "cost$(id)" value { bytes_list { value: "x" } } }
collection_def { key: "caf\303\251" value { bytes_list { value: "x" } } }
collection_def { key: "tick` + "`id`" + `" value { bytes_list { value: "x" } } }
collection_def { key: "semi;colon" value { bytes_list { value: "x" } } }
collection_def { key: "star*[x]?" value { bytes_list { value: "x" } } }
collection_def { key: "back\\slash" value { bytes_list { value: "x" } } }
collection_def { key: "~tilde" value { bytes_list { value: "x" } } }
collection_def { key: "#hash" value { bytes_list { value: "x" } } }
collection_def { key: "!bang" value { bytes_list { value: "x" } } }
`

// TestCompletionInShells types the start of a command in each shell, presses Tab and Enter, and checks the last argument that the
// command gets.
func TestCompletionInShells(t *testing.T) {
	const keep, scopes, inputs = "filter-collections odd.pbtxt --keep ", "export odd.pbtxt --export-scope ", "import odd.pbtxt --into odd.pbtxt --input-map "
	tests := []struct{ typed, want string }{
		{"clear-d", "clear-devices"},
		{"show odd.p", "odd.pbtxt"},
		{"show odd.pbtxt coll", "collections"},
		{"show odd.pbtxt nodes --na", "--name"},
		{"show saved_model --tag-set serve,", "serve,gpu"},
		{"import odd.pbtxt --into=odd.p", "--into=odd.pbtxt"},
		{"completion pow", "powershell"},

		{keep + "two", "two words"},
		{keep + `two\ w`, "two words"},
		{keep + `"two w`, "two words"},
		{keep + `'two w`, "two words"},
		{keep + "it", "it's"},
		{keep + `it\'`, "it's"},
		{keep + `"it`, "it's"},
		{keep + `say\ `, `say "hi" twice`},
		{keep + `"say`, `say "hi" twice`},
		{keep + `"say \"h`, `say "hi" twice`},
		{keep + `cost\$H`, "cost$HOME"},
		{keep + `'cost$H`, "cost$HOME"},
		{keep + `"cost\$H`, "cost$HOME"},
		{keep + `cost\$\(`, "cost$(id)"},
		{keep + "caf", "café"},
		{keep + "tick", "tick`id`"},
		{keep + "semi", "semi;colon"},
		{keep + "star", "star*[x]?"},
		{keep + "back", `back\slash`},
		{keep + `\~`, "~tilde"},
		{keep + `\#`, "#hash"},
		{keep + `\!`, "!bang"},
		{keep + "a:b", "a:b"},
		{keep + "a:b,two", "a:b,two words"},
		{keep + `it\'s,sa`, `it's,say "hi" twice`},
		{"filter-collections odd.pbtxt --keep=two", "--keep=two words"},
		{"filter-collections odd.pbtxt --keep=a:b,ti", "--keep=a:b,tick`id`"},

		// A scope and the first half of a mapping need more input: the cursor stays right after them.
		{scopes + "s", "s$x/"},
		{scopes + `s\$x/y`, "s$x/y z/"},
		{scopes + `s\$x/q`, "s$x/q'q/"},
		{scopes + `s\$x/caf`, "s$x/café/"},
		{inputs + "pl", "plain="},
		{inputs + "plain=a", "plain=a:b"},
		{inputs + "a:b=", "a:b="},
		{inputs + "a:b=pl", "a:b=plain"},
		{inputs + `two\ words=cost`, "two words=cost$1"},
		{"clear-devices odd.pbtxt --match /job:w", "/job:worker/task:0/device:GPU:0"},
		{"clear-devices odd.pbtxt --map /job:p", "/job:ps/task:0="},
		{"clear-devices odd.pbtxt --map /job:ps/task:0=/job:w", "/job:ps/task:0=/job:worker/task:0/device:GPU:0"},

		{"filter-collections odd.pbtxt > out 2>err --keep two", "two words"},
		{"filter-collections ~/odd.pbtxt --keep two", "two words"},
	}
	for name, shell := range interactiveShells {
		t.Run(name, func(t *testing.T) {
			if _, err := exec.LookPath(name); err != nil {
				t.Skip(err)
			}
			term := openTerminal(t, shell)
			for _, test := range tests {
				// A command that did not run may have left the shell in a state that affects the others.
				if got := term.complete(t, test.typed); len(got) == 0 {
					t.Fatalf("%s<Tab>: no command was run", test.typed)
				} else if got[len(got)-1] != test.want {
					t.Errorf("%s<Tab>: the last argument of %q is not %q", test.typed, got, test.want)
				}
			}
		})
	}
}

// TestCompletionRunsNothing: completing a line does not run a command substitution on it.
func TestCompletionRunsNothing(t *testing.T) {
	for name, shell := range interactiveShells {
		t.Run(name, func(t *testing.T) {
			if _, err := exec.LookPath(name); err != nil {
				t.Skip(err)
			}
			term := openTerminal(t, shell)
			// Control-U deletes the line before it runs.
			term.send(t, "metagraph show $(touch ran; echo odd.pbtxt) --na\t\x15")
			if got, want := term.complete(t, "clear-d"), []string{"clear-devices"}; !cmp.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
			if _, err := os.Stat(filepath.Join(term.dir, "ran")); err == nil {
				t.Error("Tab ran a command substitution")
			}
		})
	}
}

// An interactiveShell describes how to start a shell with only the test's configuration.
type interactiveShell struct {
	args   []string
	rc     string // the startup file, relative to the home directory
	config string // its content
}

const prompt = "READY> "

var interactiveShells = map[string]interactiveShell{
	"bash": {[]string{"bash", "--noprofile", "--rcfile", "rc", "-i"}, "rc", ". <(metagraph completion bash)\nPS1='" + prompt + "'\n"},
	"zsh":  {[]string{"zsh", "-d", "-i"}, ".zshrc", "autoload -U compinit; compinit -u -D\n. <(metagraph completion zsh)\nPS1='" + prompt + "'\n"},
	"fish": {[]string{"fish", "-i"}, "config/fish/config.fish", "metagraph completion fish | source\nset fish_greeting\nfunction fish_prompt; echo -n '" + prompt + "'; end\n"},
}

// recorder replaces the program: it writes its arguments to a file, each followed by a NUL.
const recorder = `#!/bin/sh
case "$1 $2" in "__complete "* | "completion "*sh) exec "$REAL" "$@" ;; esac
printf '%s\0' "$@" > "$RECORD.new" && mv "$RECORD.new" "$RECORD"
`

// A shellTerminal is a terminal in which a shell runs.
type shellTerminal struct {
	dir, record string
	side        *os.File // the user's side
}

// openTerminal starts a shell and waits for its prompt.
func openTerminal(t *testing.T, shell interactiveShell) *shellTerminal {
	t.Helper()
	program, err := exec.LookPath("metagraph")
	if err != nil {
		t.Fatal(err)
	}
	base := t.TempDir()
	term := &shellTerminal{dir: filepath.Join(base, "home"), record: filepath.Join(base, "record")}
	saved := testfiles.Path(t, "testdata/saved_model")
	if err := os.CopyFS(filepath.Join(term.dir, "saved_model"), os.DirFS(saved)); err != nil {
		t.Fatal(err)
	}
	for path, content := range map[string]string{
		filepath.Join(base, "bin", "metagraph"): recorder,
		filepath.Join(term.dir, shell.rc):       shell.config,
		filepath.Join(term.dir, "odd.pbtxt"):    oddNames,
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o777); err != nil {
			t.Fatal(err)
		}
	}

	// Without this directory, fish generates it in the background from all manual pages.
	if err := os.MkdirAll(filepath.Join(term.dir, "fish", "generated_completions"), 0o777); err != nil {
		t.Fatal(err)
	}

	var tty *os.File
	term.side, tty = openPseudoTerminal(t)
	c := exec.Command(shell.args[0], shell.args[1:]...)
	c.Dir = term.dir
	c.Env = append(os.Environ(), "PATH="+filepath.Join(base, "bin")+":"+os.Getenv("PATH"), "REAL="+program, "RECORD="+term.record,
		"HOME="+term.dir, "ZDOTDIR="+term.dir, "XDG_CONFIG_HOME="+filepath.Join(term.dir, "config"), "XDG_DATA_HOME="+term.dir,
		"HISTFILE=", "INPUTRC="+os.DevNull, "TERM=dumb", "LC_ALL=C.UTF-8")
	c.Stdin, c.Stdout, c.Stderr = tty, tty, tty
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	_ = tty.Close() // the shell has it
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait() // killed
		_ = term.side.Close()
	})
	prompted := make(chan struct{})
	go term.watch(prompted)
	select {
	case <-prompted:
	case <-time.After(time.Minute):
		t.Fatal("no prompt from the shell")
	}
	return term
}

// watch reads the output of the shell, which would block otherwise, and closes prompted at the first prompt.
func (term *shellTerminal) watch(prompted chan<- struct{}) {
	var seen []byte
	chunk := make([]byte, 4096)
	for waiting := true; ; {
		n, err := term.side.Read(chunk)
		if err != nil {
			return
		}
		if seen = append(seen, chunk[:n]...); waiting && bytes.Contains(seen, []byte(prompt)) {
			close(prompted)
			waiting = false
		}
	}
}

// send types keys.
func (term *shellTerminal) send(t *testing.T, keys string) {
	t.Helper()
	if _, err := term.side.WriteString(keys); err != nil {
		t.Fatal(err)
	}
}

// complete returns the arguments of metagraph after a line is typed, completed and run.
func (term *shellTerminal) complete(t *testing.T, typed string) []string {
	t.Helper()
	if err := os.Remove(term.record); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	term.send(t, "metagraph "+typed+"\t\r")
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if record, err := os.ReadFile(term.record); err == nil {
			return strings.Split(strings.TrimSuffix(string(record), "\x00"), "\x00")
		}
	}
	return nil
}

// openPseudoTerminal returns the two sides of a new terminal.
func openPseudoTerminal(t *testing.T) (side, tty *os.File) {
	t.Helper()
	side, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	control := func(request uintptr, value unsafe.Pointer) {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, side.Fd(), request, uintptr(value)); errno != 0 {
			t.Fatal(errno)
		}
	}
	unlocked, number := int32(0), uint32(0)
	control(syscall.TIOCSPTLCK, unsafe.Pointer(&unlocked))
	control(syscall.TIOCGPTN, unsafe.Pointer(&number))
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return side, tty
}
