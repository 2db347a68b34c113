//go:build unix

package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/metagraph/metagraph/internal/testfiles"
)

// A cost is the CPU time and memory of a run.
type cost struct {
	cpu       time.Duration
	allocated uint64
}

// measure runs the program in this process and returns its exit code and cost.
func measure(args []string) (int, cost) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := cpuTime()
	code := runIn(context.Background(), args, newEnvironment(strings.NewReader(""), io.Discard, io.Discard))
	spent := cpuTime() - start
	runtime.ReadMemStats(&after)
	return code, cost{spent, after.TotalAlloc - before.TotalAlloc}
}

// cpuTime returns the CPU time of this process so far.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// measured lists the command lines of TestProportion in order, with their exit codes, and the graphs for which it is another one. IN is
// the graph and NEXT the same with another number of elements. OUT, DIR and CUT are results, to which later lines refer.
var measured = []struct {
	line      string
	exit      int
	otherwise int
	except    []string
}{
	{line: "show IN all"},
	{line: "show IN all --format json"},
	{line: "show IN all --format markdown"},
	{line: "show IN scopes --format dot"},
	{line: "show IN problems --format sarif"},
	{line: "show IN --format html"},
	{line: "export IN OUT.pbtxt --allow-unknown"},
	// JSON has no unknown fields, and neither form nests without limit.
	{line: "export IN OUT.json", otherwise: exitError, except: []string{"nested Anys", "nested attr values", "nested unknown fields"}},
	{line: "export --clear-extraneous-savers --strip-default-attrs IN OUT"},
	{line: "export --export-scope s IN CUT"},
	// The last node reads one that does not exist.
	{line: "export --outputs s/out IN OUT", otherwise: exitError, except: []string{"reversed chain of nodes"}},
	// There is no checkpoint for the variables.
	{line: "export --freeze --outputs s/out IN OUT", otherwise: exitError, except: []string{"reversed chain of nodes", "variables in a chain of layers", "calls that pass a variable on"}},
	// The other placeholders are not inputs, and an iterator cannot be fed.
	{line: "export --saved-model --inputs in=s/in --outputs out=s/out IN DIR", otherwise: exitError, except: []string{"reversed chain of nodes", "variables in a chain of layers",
		"calls that pass a variable on", "chain of nodes", "consumers of a node", "dimensions of a shape", "inputs of a node", "inputs of a signature", "recorded shapes of a node", "signatures"}},
	{line: "export --with-checkpoint IN OUT.meta"},
	{line: "export --set-shape s/in=? IN OUT"},
	{line: "export --drop-attr k IN OUT"},
	{line: "import --import-scope z IN OUT"},
	{line: "import --into IN IN OUT"},
	{line: "import --into IN --import-scope s CUT OUT"},
	{line: "clear-devices --colocation IN OUT"},
	{line: "filter-collections --drop k* --allow-missing IN OUT"},
	{line: "diff IN OUT", otherwise: exitFound, except: []string{"collections", "collections with one key"}},
	{line: "diff IN CUT --all --format markdown", exit: exitFound},
	{line: "diff CUT IN --format json", exit: exitFound},
	{line: "diff IN NEXT", exit: exitFound, otherwise: exitDone, except: []string{"control inputs of a node"}}, // all of them name one node
	{line: "diff IN NEXT --format html", exit: exitFound, otherwise: exitDone, except: []string{"control inputs of a node"}},
}

// TestProportion runs every command on files with many elements of one kind, and with four times as many. Memory must grow in
// proportion. METAGRAPH_PROPORTION=100000 sets the number of elements and also checks the time, for use on a quiet machine.
func TestProportion(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	few, timed := 400, false
	if env := os.Getenv("METAGRAPH_PROPORTION"); env != "" {
		var err error
		if few, err = strconv.Atoi(env); err != nil {
			t.Fatal(err)
		}
		timed = true
	}
	for name, swell := range swollen {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for i, n := range []int{few, 4 * few} {
				graph, rest := swell(n)
				if err := os.WriteFile(filepath.Join(dir, number("", i)+".meta"), served(t, graph, rest), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			for _, run := range measured {
				want := run.exit
				if slices.Contains(run.except, name) {
					want = run.otherwise
				}
				inProportion(t, dir, run.line, want, timed)
			}
		})
	}
}

// inProportion runs a command line on the two graphs in dir, of which one has four times as many elements, and compares the costs.
func inProportion(t *testing.T, dir, line string, want int, timed bool) {
	t.Helper()
	in := func(i int, suffix string) string { return filepath.Join(dir, strconv.Itoa(i)+suffix) }
	var took [2]cost
	for i := range took {
		args := strings.Fields(strings.NewReplacer("IN.index", in(i, ".index"), "NEXT.index", in(1-i, ".index"), "IN", in(i, ".meta"), "OUT", in(i, ".out"),
			"DIR", in(i, ".dir"), "CUT", in(i, ".cut"), "NEXT", in(1-i, ".meta")).Replace(line))
		code, c := measure(args)
		if code != want {
			t.Errorf("%s: exit %d, want %d", line, code, want)
		}
		took[i] = c
	}
	// The constants cover the fixed cost of a run and the garbage collector.
	slow := timed && took[1].cpu > 8*took[0].cpu+150*time.Millisecond
	if slow || took[1].allocated > 6*took[0].allocated+4<<20 {
		t.Errorf("%s: %v and %d bytes, then %v and %d bytes for four times as much", line, took[0].cpu, took[0].allocated, took[1].cpu, took[1].allocated)
	}
}

// TestProportionOfCheckpoint does the same for graphs with checkpoints: copies of a trained model in scopes of one graph.
func TestProportionOfCheckpoint(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	dir, timed := t.TempDir(), os.Getenv("METAGRAPH_PROPORTION") != ""
	model := testfiles.Path(t, "testdata/iris")
	for doubling := range 6 {
		next := filepath.Join(dir, number("copies", doubling)+".meta")
		if doubling == 3 || doubling == 5 {
			next = filepath.Join(dir, number("", doubling/4)+".meta")
		}
		args := []string{"import", "--into", model, "--import-scope", number("copy", doubling), "--with-checkpoint", model, next}
		if code, _ := measure(args); code != exitDone {
			t.Fatalf("%q: exit %d", args, code)
		}
		model = next
	}
	for _, run := range []struct {
		line string
		exit int
	}{
		{"show IN all --format json", exitDone},
		{"show IN --format html", exitDone},
		{"show IN problems --check", exitDone},
		{"show IN checkpoint --verify", exitDone},
		{"export --with-checkpoint IN OUT.meta", exitDone},
		{"export --freeze --outputs probabilities IN OUT", exitDone},
		{"export --saved-model --inputs x=features --outputs y=probabilities IN DIR", exitDone},
		{"import --into IN --import-scope again --with-checkpoint IN OUT.meta", exitDone},
		{"diff IN NEXT --with-checkpoint --format json", exitFound},
		{"diff IN.index NEXT.index", exitFound},
	} {
		inProportion(t, dir, run.line, run.exit, timed)
	}
}
