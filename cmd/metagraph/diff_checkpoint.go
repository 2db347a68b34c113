package main

import (
	"errors"

	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/diff"
	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/render"
)

// compareCheckpoints compares two checkpoints given as arguments, without their graphs. It returns errFound if they differ.
func (o *diffOptions) compareCheckpoints(env *environment, args []string, printing render.DiffOptions, options diff.Options) error {
	if !metafile.IsCheckpoint(args[0]) || !metafile.IsCheckpoint(args[1]) {
		return usageErrorf("compare two graphs or two checkpoints; `metagraph show GRAPH checkpoint --checkpoint PREFIX` checks whether a checkpoint fits a graph", "only one of %s and %s is a checkpoint", args[0], args[1])
	}
	a, err := checkpoint.Open(args[0])
	if err != nil {
		return err
	}
	defer a.Close() //nolint:errcheck // read only
	b, err := checkpoint.Open(args[1])
	if err != nil {
		return err
	}
	defer b.Close() //nolint:errcheck // read only
	report, err := diff.CompareCheckpoints(a, b, options)
	if err != nil {
		return err
	}
	if len(o.labels) == 2 {
		report.A.Label, report.B.Label = o.labels[0], o.labels[1]
	}
	if err := o.print(env, report, printing); err != nil {
		return err
	}
	if err := errors.Join(a.Changed(), b.Changed()); err != nil {
		return err
	}
	return diffVerdict(report)
}

// addCheckpoints compares the checkpoints next to two graphs and adds the differences to the report.
func addCheckpoints(report *diff.Report, a, b diffInput, options diff.Options) error {
	first, err := a.checkpoint()
	if err != nil {
		return err
	}
	defer first.Close() //nolint:errcheck // read only
	second, err := b.checkpoint()
	if err != nil {
		return err
	}
	defer second.Close() //nolint:errcheck // read only
	if err := diff.AddCheckpoints(report, first, second, options); err != nil {
		return err
	}
	return errors.Join(first.Changed(), second.Changed())
}

// checkpoint opens the checkpoint next to an input. It returns an error if there is none.
func (in diffInput) checkpoint() (*checkpoint.Checkpoint, error) {
	name := nothing
	if in.file != nil {
		name = in.file.Name
		if prefix, found := in.file.Checkpoint(); found {
			return checkpoint.Open(prefix)
		}
	}
	return nil, &metafile.Error{Name: name, Problem: "has no checkpoint next to it", Advice: "leave out --with-checkpoint to compare only the graphs"}
}

// diffVerdict returns errFound if the report has differences.
func diffVerdict(report *diff.Report) error {
	if report.Equal {
		return nil
	}
	return errFound
}
