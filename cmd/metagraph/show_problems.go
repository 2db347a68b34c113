package main

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/metagraph/metagraph/internal/inspect/problems"
	"github.com/metagraph/metagraph/internal/match"
	"github.com/metagraph/metagraph/internal/render"
)

const problemsSection = "problems"

// problemFlags holds the flags of the section problems.
type problemFlags struct {
	check  bool
	forbid []string
}

func (p *problemFlags) register(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&p.check, "check", false, "exit with code 1 if problems lists an error")
	cmd.Flags().StringArrayVar(&p.forbid, "forbid-op", nil,
		"reject ops matching `GLOB`; implies --check (repeatable, comma-separated)")
}

// given returns the first of the flags that is set, or "".
func (p *problemFlags) given() string {
	switch {
	case p.check:
		return "--check"
	case len(p.forbid) > 0:
		return "--forbid-op"
	}
	return ""
}

// gate returns the gate that collects the problems of all files.
func (p *problemFlags) gate() (*problemGate, error) {
	forbidden, err := globs("--forbid-op", splitLists(p.forbid))
	return &problemGate{check: p.given() != "", forbidden: forbidden}, err
}

// A problemGate collects the problems of all files, for the exit code and for formats that hold several files.
type problemGate struct {
	check     bool
	forbidden []match.Glob
	failed    bool // a problem is an error
	files     []render.SARIFFile
}

// problems is the section problems.
func (s *showSource) problems() (render.View, error) {
	found, err := problems.Find(s.model, s.gate.forbidden...)
	if err != nil {
		return render.View{}, err
	}
	s.gate.files = append(s.gate.files, render.SARIFFile{Name: s.file.Name, Problems: found})
	s.gate.failed = s.gate.failed || slices.ContainsFunc(found, func(p problems.Problem) bool { return p.Severity == problems.SeverityError })
	return render.Problems(found), nil
}

// finish prints the document for all files, if the format has one, and returns errFound if a check failed.
func (g *problemGate) finish(env *environment, format render.Format) error {
	if format == render.SARIF {
		if err := render.PrintSARIF(env.stdout, version(), g.files); err != nil {
			return err
		}
	}
	if g.check && g.failed {
		return errFound
	}
	return nil
}
