package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A shell runs the commands of one document in its own directory.
type shell struct {
	dir    string
	screen string // the file that represents the terminal
	status int    // exit status of the last command
}

func newShell(t *testing.T, testdata string) *shell {
	t.Helper()
	base := t.TempDir()
	sh := &shell{dir: filepath.Join(base, "work"), screen: filepath.Join(base, "screen")}
	if err := os.CopyFS(sh.dir, os.DirFS(testdata)); err != nil {
		t.Fatal(err)
	}
	return sh
}

// run runs commands and returns their output.
func (sh *shell) run(t *testing.T, commands string) string {
	t.Helper()
	screen, err := os.OpenFile(sh.screen, os.O_RDWR|os.O_CREATE|os.O_TRUNC|os.O_APPEND, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	defer screen.Close() //nolint:errcheck // the test directory is removed anyway
	// $? is the status of the previous command, as in one terminal.
	script := fmt.Sprintf("(exit %d)\n", max(sh.status, 0)) + commands
	c := exec.Command("sh", "-c", script)
	c.Dir = sh.dir
	c.Env = append(os.Environ(), "PATH="+filepath.Join(sh.dir, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"),
		"HOME="+sh.dir, "NO_COLOR=1", "LC_ALL=C.UTF-8", "TZ=UTC", screenVariable+"="+sh.screen,
		"GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.com",
		// Variables that CI systems set.
		"GITHUB_BASE_REF=main", "PR=1", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main")
	c.Stdout, c.Stderr = screen, screen
	err = c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	sh.status = c.ProcessState.ExitCode()
	printed, err := os.ReadFile(sh.screen)
	if err != nil {
		t.Fatal(err)
	}
	return string(printed)
}

// succeed runs commands, which must succeed.
func (sh *shell) succeed(t *testing.T, lines []string) {
	t.Helper()
	commands := strings.Join(lines, "\n")
	sh.status = 0
	if printed := sh.run(t, "set -e\n"+commands); sh.status != 0 {
		t.Errorf("exit status %d of\n%s\n%s", sh.status, commands, printed)
	}
}

// screenVariable is the environment variable with the file that represents the terminal.
const screenVariable = "METAGRAPH_TEST_SCREEN"

// onScreen returns an environment with a terminal if the stdout of env is the screen of a document.
func onScreen(env *environment) *environment {
	path := os.Getenv(screenVariable)
	stdout, ok := env.stdout.(*os.File)
	if path == "" || !ok {
		return env
	}
	here, err := stdout.Stat()
	if err != nil {
		return env
	}
	if screen, err := os.Stat(path); err == nil && os.SameFile(screen, here) {
		env.stdoutTerminal, env.width = true, 100
	}
	return env
}
