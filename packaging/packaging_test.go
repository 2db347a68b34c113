// Package packaging_test tests the files that accompany the program: the installer, the Dockerfile and the release notes.
package packaging_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// The image must use exactly the Go version of go.mod, because it does not download another one.
func TestGoVersions(t *testing.T) {
	mod := submatch(t, "../go.mod", `(?m)^go (\S+)$`)
	if image := submatch(t, "../Dockerfile", `golang:(\S+) AS build`); image != mod {
		t.Errorf("Dockerfile builds with Go %s, but go.mod has %s", image, mod)
	}
}

func submatch(t *testing.T, path, pattern string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(pattern).FindSubmatch(text)
	if found == nil {
		t.Fatalf("%s does not match %s", path, pattern)
	}
	return string(found[1])
}

func TestInstall(t *testing.T) {
	needs(t, "sh", "curl", "tar", "gzip")
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" || runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		t.Skip("no archive for this system")
	}
	releases := t.TempDir()
	name := fmt.Sprintf("metagraph_1.2.3_%s_%s.tar.gz", runtime.GOOS, runtime.GOARCH)
	archive := tarball(t, "metagraph", "#!/bin/sh\necho metagraph 1.2.3\n")
	download := filepath.Join(releases, "download", "v1.2.3")
	write(t, filepath.Join(download, name), archive)
	sums := filepath.Join(download, "metagraph_1.2.3_checksums.txt")
	write(t, sums, fmt.Appendf(nil, "%x  other.deb\n%x  %s\n", sha256.Sum256(nil), sha256.Sum256(archive), name))

	// A gh that accepts an attestation if a certain file exists, and a directory without gh.
	programs, attested := t.TempDir(), filepath.Join(t.TempDir(), "attested")
	write(t, attested, nil)
	write(t, filepath.Join(programs, "gh"), []byte("#!/bin/sh\nprintf '%s ' \"$@\" > \"$0.args\"\ntest -f '"+attested+"' || { echo no attestations; exit 1; }\n"))
	if err := os.Chmod(filepath.Join(programs, "gh"), 0o755); err != nil {
		t.Fatal(err)
	}
	install := func(version, directory string, env ...string) (string, error) {
		c := exec.Command("sh", "install", version, directory)
		c.Env = append(os.Environ(), "METAGRAPH_RELEASES=file://"+filepath.ToSlash(releases), "PATH="+programs+string(os.PathListSeparator)+os.Getenv("PATH"))
		c.Env = append(c.Env, env...)
		out, err := c.CombinedOutput()
		return string(out), err
	}
	directory := filepath.Join(t.TempDir(), "bin")
	if out, err := install("v1.2.3", directory); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	out, err := exec.Command(filepath.Join(directory, "metagraph")).Output()
	if err != nil || string(out) != "metagraph 1.2.3\n" {
		t.Errorf("the installed program prints %q, %v", out, err)
	}
	args, err := os.ReadFile(filepath.Join(programs, "gh.args"))
	want := "attestation verify " + name + " --repo metagraph/metagraph --signer-workflow metagraph/metagraph/.github/workflows/release.yml --source-ref refs/tags/v1.2.3 "
	if err != nil || !strings.HasPrefix(string(args), want) {
		t.Errorf("gh was called with %q (%v), want %q", args, err, want)
	}
	if out, err := install("1.2.3", directory, "METAGRAPH_VERIFY=nothing"); err == nil || !strings.Contains(out, "use attestation or checksum") {
		t.Errorf("unknown verification method: %v, %s", err, out)
	}
	if err := os.Remove(attested); err != nil {
		t.Fatal(err)
	}
	if out, err := install("1.2.3", filepath.Join(t.TempDir(), "bin")); err == nil || !strings.Contains(out, "has no valid attestation") {
		t.Errorf("without an attestation: %v, %s", err, out)
	}
	if out, err := install("1.2.3", filepath.Join(t.TempDir(), "bin"), "METAGRAPH_VERIFY=checksum"); err != nil {
		t.Errorf("with only the checksum: %v, %s", err, out)
	}
	write(t, attested, nil)

	for _, test := range []struct{ name, version, sums, want string }{
		{"no such release", "9.9.9", "", "cannot get metagraph_9.9.9"},
		{"changed archive", "1.2.3", fmt.Sprintf("%x  %s\n", sha256.Sum256(nil), name), "is not what was released"},
		{"not listed", "1.2.3", "", "does not list"},
	} {
		t.Run(test.name, func(t *testing.T) {
			write(t, sums, []byte(test.sums))
			directory := filepath.Join(t.TempDir(), "bin")
			if out, err := install(test.version, directory); err == nil || !strings.Contains(out, test.want) {
				t.Errorf("got %v and %q, want %q", err, out, test.want)
			}
			if _, err := os.Stat(filepath.Join(directory, "metagraph")); err == nil {
				t.Error("it was installed nevertheless")
			}
		})
	}
}

// TestWorkflows: third-party actions are pinned by commit, checkouts do not keep credentials, and only jobs that run no code of the
// repository may write.
func TestWorkflows(t *testing.T) {
	paths, err := filepath.Glob("../.github/workflows/*.yml")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	uses := regexp.MustCompile(`(?m)uses: +(\S+)`)
	pinned := regexp.MustCompile(`^[\w-]+/[\w-]+@[0-9a-f]{40}$`)
	for _, path := range append(paths, "../action.yml") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range uses.FindAllStringSubmatch(string(text), -1) {
			if m[1] != "./" && !pinned.MatchString(m[1]) {
				t.Errorf("%s: %s is not pinned by a commit", path, m[1])
			}
		}
		if a, b := strings.Count(string(text), "actions/checkout@"), strings.Count(string(text), "persist-credentials: false"); a != b {
			t.Errorf("%s: %d checkouts, %d of them without credentials", path, a, b)
		}
		if path == "../action.yml" {
			continue
		}
		head, jobs, _ := strings.Cut(string(text), "\njobs:\n")
		if !strings.Contains(head, "\npermissions:") || strings.Contains(head, ": write") {
			t.Errorf("%s: the permissions of all jobs are not limited to reading", path)
		}
		for _, job := range regexp.MustCompile(`(?m)^  [\w-]+:$`).Split(jobs, -1) {
			if strings.Contains(job, ": write") && (strings.Contains(job, "actions/checkout@") || strings.Contains(job, "uses: ./")) {
				t.Errorf("%s: a job that may write runs code of the repository:\n%s", path, job)
			}
		}
	}
}

// TestActionArgs runs the script with which the action calls metagraph: words are split and unquoted as in a shell, but nothing is
// expanded or run.
func TestActionArgs(t *testing.T) {
	needs(t, "bash", "xargs")
	text, err := os.ReadFile("../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	_, script, ok := strings.Cut(string(text), "ARGS: ${{ inputs.args }}\n      run: |\n")
	if !ok {
		t.Fatal("no script for args in the action")
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "metagraph"), []byte("#!/bin/sh\nprintf '[%s]' \"$@\"\ncat\necho\ntest \"$1\" != fail || exit 1\n"))
	if err := os.Chmod(filepath.Join(dir, "metagraph"), 0o755); err != nil {
		t.Fatal(err)
	}
	run := func(args string) (string, error) {
		c := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
		c.Env = append(os.Environ(), "ARGS="+args, "RUNNER_TEMP="+dir, "PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH"))
		out, err := c.CombinedOutput()
		return string(out), err
	}
	args := "show 'a b.meta' \"c d\" e\\ f ''\n\nshow $(touch x) `id` $HOME * ; echo hi && false | cat > y\n"
	want := "metagraph show 'a b.meta' \"c d\" e\\ f ''\n[show][a b.meta][c d][e f][]\n" +
		"metagraph show $(touch x) `id` $HOME * ; echo hi && false | cat > y\n[show][$(touch][x)][`id`][$HOME][*][;][echo][hi][&&][false][|][cat][>][y]\n"
	out, err := run(args)
	stop, rest, _ := strings.Cut(out, "\n")
	word, stops := strings.CutPrefix(stop, "::stop-commands::")
	if err != nil || !stops || len(word) != 32 || rest != want+"\n::"+word+"::\n" {
		t.Errorf("got %q, %v; want %q between commands that stop and resume the runner's commands", out, err, want)
	}
	for _, args := range []string{"fail now\nshow a", "show 'a"} {
		if out, err := run(args); err == nil || strings.Contains(out, "[show]") {
			t.Errorf("%q: %v, %q", args, err, out)
		}
	}
}

// tarball returns a .tar.gz with one program.
func tarball(t *testing.T, name, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(content))}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestNotes(t *testing.T) {
	needs(t, "sh", "awk")
	dir := t.TempDir()
	script, err := os.ReadFile("notes")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "packaging", "notes"), script)
	write(t, filepath.Join(dir, "CHANGELOG.md"), []byte("# Changelog\n\n## [Unreleased]\n\n- c\n\n## [1.1.0] - 2026-12-01\n\n### Added\n\n- b\n\n## [1.0.0] - 2026-11-01\n\n- a\n\n[1.0.0]: x\n"))
	for _, test := range []struct {
		version, want string
		ok            bool
	}{
		{"v1.1.0", "### Added\n\n- b", true},
		{"1.0.0", "- a", true},
		{"1.0", "", false},
	} {
		out, err := exec.Command("sh", filepath.Join(dir, "packaging", "notes"), test.version).Output()
		if got := strings.TrimSpace(string(out)); got != test.want || (err == nil) != test.ok {
			t.Errorf("notes of %s: %q, %v", test.version, got, err)
		}
	}
}

func needs(t *testing.T, programs ...string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("scripts for Unix")
	}
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(err)
		}
	}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
}
