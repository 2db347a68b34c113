package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/metagraph/metagraph/internal/diff"
	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/render"
	"github.com/metagraph/metagraph/internal/wire"
)

// diffOptions is what the flags of diff say.
type diffOptions struct {
	in       inputFlags
	registry registryFlags
	format   string
	ignore   []string
	only     []string
	names    []string
	stat     bool
	all      bool
	color    string
}

func newDiffCommand(env *environment) *cobra.Command {
	var o diffOptions
	cmd := &cobra.Command{
		Use:   "diff A B",
		Short: "Say what differs in meaning between two graphs",
		Long: `diff says what differs between A and B, and nothing where they mean the same: order of nodes, functions and map keys, x
and x:0, the order of control inputs, binary, text and JSON, and how a tensor's values are written down are no differences.
What got another name but is the same otherwise is told as renamed, a whole scope in one line.

--ignore and --only take parts of a file and aspects of its nodes, separated by commas:
  ` + strings.Join(diff.Selectable(), ", ") + `
device-spelling (--ignore only) makes /gpu:0 and /device:GPU:0 the same, default-attrs an absent attr and its default.

--tag-set says which MetaGraphDef of a SavedModel is compared; given twice, the first is for A and the second for B.

Exit codes: 0 no difference, 1 some difference, 2 trouble. One of A and B may be - for standard input.`,
		Example: `  metagraph diff old.meta new.meta
  metagraph diff --ignore devices,versions,attr:_output_shapes gpu.meta cpu.meta
  metagraph diff --only nodes --name 'conv1/*' --all old.meta new.meta
  metagraph diff --tag-set serve --tag-set serve,gpu saved_model saved_model
  git show HEAD:model.meta | metagraph diff --format markdown - model.meta`,
		Args: cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error { return runDiff(env, &o, args) },
	}
	o.in.register(cmd)
	o.registry.register(cmd)
	f := cmd.Flags()
	f.Lookup("tag-set").Usage += ", of both inputs; given twice, first of A, then of B"
	f.StringVar(&o.format, "format", "table", "`form` of the output: table, markdown, json or brief")
	f.StringArrayVar(&o.ignore, "ignore", nil, "`WHAT` does not count (repeatable, comma-separated)")
	f.StringArrayVar(&o.only, "only", nil, "only `WHAT` counts (repeatable, comma-separated)")
	f.StringArrayVar(&o.names, "name", nil, "only what is called like `GLOB`: nodes, functions, collections, ... (repeatable)")
	f.BoolVar(&o.stat, "stat", false, "one line for each part")
	f.BoolVar(&o.all, "all", false, "list every difference, however many there are")
	f.StringVar(&o.color, "color", "auto", "`when` to use color: auto, always or never")
	return cmd
}

func runDiff(env *environment, o *diffOptions, args []string) error {
	printing, options, err := o.parse(env, args)
	if err != nil {
		return err
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
	options.GraphOnly = a.bare() || b.bare()
	report, err := diff.Compare(a.meta(), b.meta(), options)
	if err != nil {
		if damaged := metafile.Holder(err, a.file, b.file); damaged != nil {
			return damaged.Locate(err)
		}
		return err
	}
	report.A.File, report.A.Kind = a.name()
	report.B.File, report.B.Kind = b.name()
	if note := kindNote(a, b); note != "" {
		report.Notes = append(report.Notes, note)
	}
	if report.Equal && printing.Format != render.JSON {
		for _, note := range report.Notes {
			_ = render.PrintNote(env.stderr, note, env.notices)
		}
	}
	if err := render.Diff(env.stdout, report, printing); err != nil {
		return err
	}
	if err := errors.Join(a.changed(), b.changed()); err != nil {
		return err
	}
	if !report.Equal {
		return errFound
	}
	return nil
}

// parse turns the flags into options and refuses what does not go together, before a file is opened.
func (o *diffOptions) parse(env *environment, args []string) (render.DiffOptions, diff.Options, error) {
	printing := render.DiffOptions{Format: render.Format(o.format), Stat: o.stat, All: o.all, Width: env.width}
	options := diff.Options{Ignore: o.ignore, Only: o.only, Names: o.names}
	forms := []render.Format{render.Table, render.Markdown, render.JSON, render.Brief}
	var err error
	switch {
	case len(args) != 2:
		err = usageErrorf("metagraph diff A B; one of them may be - for standard input", "diff takes two inputs, not %d", len(args))
	case stdinArgument(args[0]) && stdinArgument(args[1]):
		err = usageErrorf("give a file for one of them", "only one of the two inputs can be standard input")
	case len(o.in.tagSets) > 2:
		err = usageErrorf("one for both inputs, or the first for A and the second for B", "--tag-set is given %d times", len(o.in.tagSets))
	case !slices.Contains(forms, printing.Format):
		err = usageErrorf("give table, markdown, json or brief", "--format %q is not known", o.format)
	case o.stat && o.all:
		err = usageErrorf("leave out one of them", "--stat gives a line for each part, --all every difference")
	case o.stat && (printing.Format == render.JSON || printing.Format == render.Brief):
		err = usageErrorf("leave out one of them", "--stat is for tables and markdown, not for --format %s", o.format)
	default:
		printing.Color, err = env.color(o.color)
	}
	if err != nil {
		return printing, options, err
	}
	if err := options.Check(); err != nil {
		return printing, options, usageErrorf("metagraph diff --help lists what can be selected", "%v", err)
	}
	options.Registry, err = o.registry.load()
	return printing, options, err
}

// A diffInput is one of the two that are compared. Without a file it is nothing: what git gives for a file that was added
// or removed.
type diffInput struct{ file *metafile.File }

// nothing is the name under which git hands over a file that is not there, also where there is no such device.
const nothing = "/dev/null"

// open opens input n. One tag-set is for those of the inputs that are a SavedModel; of two, each is for its own input.
func (o *diffOptions) open(env *environment, path string, n int) (diffInput, error) {
	if path == nothing {
		return diffInput{}, nil
	}
	if len(o.in.tagSets) > 1 {
		in := inputFlags{format: o.in.format, tagSets: o.in.tagSets[n : n+1]}
		file, err := in.openOne(env, path, in.tagSet() == "")
		return diffInput{file}, err
	}
	file, err := o.in.open(env, path)
	if err == nil || o.in.tagSet() == "" || stdinArgument(path) {
		return diffInput{file}, err
	}
	if file, again := (&inputFlags{format: o.in.format}).open(env, path); again == nil {
		if file.Kind != metafile.SavedModel {
			return diffInput{file}, nil
		}
		_ = file.Close() // it has other tags than those asked for, which err says
	}
	return diffInput{}, err
}

func (in diffInput) close() {
	if in.file != nil {
		_ = in.file.Close() // read only
	}
}

func (in diffInput) changed() error {
	if in.file == nil {
		return nil
	}
	return in.file.Changed()
}

func (in diffInput) meta() *wire.MetaGraph {
	if in.file == nil {
		return new(wire.MetaGraph)
	}
	return in.file.Meta
}

// bare reports whether there is nothing but a graph.
func (in diffInput) bare() bool { return in.file != nil && in.file.Kind == metafile.GraphDef }

// name returns what the input is called and what it is.
func (in diffInput) name() (name, kind string) {
	if in.file == nil {
		return nothing, ""
	}
	return in.file.Name, in.file.Kind.String()
}

// kindNote says what is left out where one input has nothing but a graph.
func kindNote(a, b diffInput) string {
	if a.bare() == b.bare() || a.file == nil || b.file == nil {
		return ""
	}
	bare := a.file
	if b.bare() {
		bare = b.file
	}
	return bare.Name + " is a GraphDef: only the graph is compared, not collections, saver, signatures, assets and op list"
}
