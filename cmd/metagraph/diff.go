package main

import (
	"cmp"
	"errors"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/metagraph/metagraph/internal/diff"
	"github.com/metagraph/metagraph/internal/inspect/dataflow"
	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/render"
	"github.com/metagraph/metagraph/internal/wire"
)

// diffOptions holds the flags of diff.
type diffOptions struct {
	in       inputFlags
	registry registryFlags
	ignore   []string
	only     []string
	names    []string
	labels   []string
	quiet    bool
	stat     bool
	all      bool
	out      printingFlags

	checkpoints bool
}

func newDiffCommand(env *environment) *cobra.Command {
	var o diffOptions
	cmd := &cobra.Command{
		Use:   "diff A B",
		Short: "Compare two graphs or checkpoints by meaning",
		Long: `diff compares A and B by meaning. It ignores the file format, how tensor values are stored, and the order of nodes, functions,
map keys and control inputs. The inputs x and x:0 are equal. Renames are detected; a renamed scope is one line.

PART in --ignore and --only is one of:
  ` + strings.Join(diff.Selectable(), ", ") + `
Three more are only for --ignore:
  device-spelling  /gpu:0 and /device:GPU:0 are equal
  default-attrs    a missing attr equals its default
  counters         TensorFlow's counters in function names and
                   _user_specified_name do not matter

A or B can be - for standard input. Exit codes:
  0  no differences
  1  differences
  2  error`,
		Example: `  metagraph diff old.meta new.meta
  metagraph diff --ignore devices,versions,attr:_output_shapes gpu.meta cpu.meta
  metagraph diff old.meta new.meta --format html > diff.html
  metagraph diff --only nodes --name 'conv1/*' --all old.meta new.meta
  metagraph diff --tag-set serve --tag-set serve,gpu saved_model saved_model
  git show HEAD:model.meta | metagraph diff --format markdown - model.meta`,
		Args: cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error { return runDiff(env, &o, args) },
	}
	o.in.register(cmd)
	o.registry.register(cmd)
	o.out.register(cmd, render.DiffFormats)
	f := cmd.Flags()
	f.Lookup("tag-set").Usage += " (repeat for B)"
	f.StringArrayVar(&o.ignore, "ignore", nil, "ignore `PART`, such as devices or attr:NAME (repeatable, comma-separated)")
	f.StringArrayVar(&o.only, "only", nil, "compare only `PART` (repeatable, comma-separated)")
	f.StringArrayVar(&o.names, "name", nil, "compare only names matching `GLOB` (repeatable)")
	f.StringArrayVar(&o.labels, "label", nil, "print `NAME` for A, then for B (repeatable)")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "print nothing; only set the exit code")
	f.BoolVar(&o.stat, "stat", false, "print one line for each part")
	f.BoolVar(&o.checkpoints, "with-checkpoint", false, "also compare the checkpoints of A and B")
	f.BoolVar(&o.all, "all", false, "list every difference")
	return cmd
}

func runDiff(env *environment, o *diffOptions, args []string) error {
	printing, options, err := o.parse(env, args)
	if err != nil {
		return err
	}
	if metafile.IsCheckpoint(args[0]) || metafile.IsCheckpoint(args[1]) {
		return o.compareCheckpoints(env, args, printing, options)
	}
	a, err := o.open(env, args[0], 0)
	if err != nil {
		return err
	}
	defer a.close()
	b, err := o.open(env, args[1], 1)
	if err != nil {
		return err
	}
	defer b.close()
	report, err := o.compare(a, b, options)
	if err != nil {
		return err
	}
	if printing.Format == render.HTML && !o.quiet {
		err = o.out.writePage(env, func(w io.Writer) error { return diffPage(w, a, b, report) })
	} else {
		err = o.print(env, report, printing)
	}
	return cmp.Or(err, a.changed(), b.changed(), diffVerdict(report))
}

// compare compares two inputs and returns a report with their names and types.
func (o *diffOptions) compare(a, b diffInput, options diff.Options) (*diff.Report, error) {
	options.GraphOnly = a.bare() || b.bare()
	report, err := diff.Compare(a.meta(), b.meta(), options)
	if err != nil {
		if damaged := metafile.FileOf(err, a.file, b.file); damaged != nil {
			return nil, damaged.Annotate(err)
		}
		return nil, err
	}
	report.A.File, report.A.Kind = a.name()
	report.B.File, report.B.Kind = b.name()
	if len(o.labels) == 2 {
		report.A.Label, report.B.Label = o.labels[0], o.labels[1]
	}
	if note := kindNote(a, b); note != "" {
		report.Notes = append(report.Notes, note)
	}
	if o.checkpoints {
		err = addCheckpoints(report, a, b, options)
	}
	return report, err
}

// print prints a report to stdout, or nothing with --quiet.
func (o *diffOptions) print(env *environment, report *diff.Report, printing render.DiffOptions) error {
	if o.quiet {
		return nil
	}
	if report.Equal && printing.Format != render.JSON {
		for _, note := range report.Notes {
			_ = render.PrintNote(env.stderr, note, env.notices)
		}
	}
	return render.Diff(env.stdout, report, printing)
}

// ioEndpoints returns the inputs and outputs of a graph, as show io lists them.
func ioEndpoints(m *wire.MetaGraph) ([]diff.Endpoint, error) {
	found, err := dataflow.Find(model.New(m))
	if err != nil {
		return nil, err
	}
	all := make([]diff.Endpoint, 0, len(found.Inputs)+len(found.Outputs))
	add := func(tensors []dataflow.Tensor, input bool) {
		for _, t := range tensors {
			all = append(all, diff.Endpoint{Tensor: t.Tensor, Input: input, Role: string(t.Role), DType: t.DType, Shape: t.Shape.String()})
		}
	}
	add(found.Inputs, true)
	add(found.Outputs, false)
	return all, nil
}

// parse converts the flags to options. It rejects contradictory flags before any file is opened.
func (o *diffOptions) parse(env *environment, args []string) (render.DiffOptions, diff.Options, error) {
	printing := render.DiffOptions{Format: o.out.format, Stat: o.stat, All: o.all, Width: env.width,
		More: "--all lists every difference, --only PART those of one part"}
	options := diff.Options{Ignore: o.ignore, Only: o.only, Names: o.names, Endpoints: ioEndpoints}
	var err error
	switch {
	case len(args) != 2:
		err = usageErrorf("usage: metagraph diff A B", "diff takes two inputs, not %d", len(args))
	case stdinArgument(args[0]) && stdinArgument(args[1]):
		err = usageErrorf("give a file for one of them", "only one of the two inputs can be standard input")
	case len(o.in.tagSets) > 2:
		err = usageErrorf("use one for both inputs, or the first for A and the second for B", "--tag-set is repeated %d times", len(o.in.tagSets))
	case len(o.labels) == 1 || len(o.labels) > 2:
		err = usageErrorf("give one for A and one for B: --label before --label after", "--label must be given twice")
	case o.stat && o.all:
		err = usageErrorf("leave out one of them", "--stat and --all cannot be used together")
	case o.stat && (printing.Format == render.JSON || printing.Format == render.Brief || printing.Format == render.HTML):
		err = usageErrorf("leave out one of them", "--stat and --format %s cannot be used together", printing.Format)
	default:
		printing.Format, printing.Color, err = o.out.parse(env)
	}
	if err != nil {
		return printing, options, err
	}
	if err := options.Check(); err != nil {
		hint := "run metagraph diff --help for the list of parts"
		if unknown, ok := errors.AsType[*diff.UnknownPartError](err); ok {
			hint = cmp.Or(didYouMean("", unknown.Part, diff.Ignorable()), hint)
		}
		return printing, options, usageErrorf(hint, "%v", err)
	}
	o.checkpoints = o.checkpoints || options.Selects(diff.Checkpoint)
	options.Registry, err = o.registry.load()
	return printing, options, err
}
