package main

import (
	"errors"
	"runtime/debug"
	"slices"

	"github.com/spf13/cobra"

	"github.com/metagraph/metagraph/internal/inspect"
	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/render"
	"github.com/metagraph/metagraph/internal/wire"
)

// showOptions holds the flags of show.
type showOptions struct {
	in         inputFlags
	registry   registryFlags
	problems   problemFlags
	raw        bool
	wide       bool
	depth      int
	top        int
	functions  bool
	exitStatus bool
	names      []string
	ops        []string
	devices    []string
	scopes     []string
	out        printingFlags

	checkpoints checkpointFlags
}

func newShowCommand(env *environment) *cobra.Command {
	o := showOptions{in: inputFlags{allTags: true}}
	cmd := &cobra.Command{
		Use:   "show FILE... [SECTION...]",
		Short: "Show the contents of a file",
		Long: `show prints a summary of each file, or the sections that you name. Files and sections can come in any order. If a file has
the name of a section, write ./NAME. Without a file, show reads standard input.

Sections:
` + sectionList() + `
Formats:
  table        aligned columns; the default on a terminal
  tsv          tab-separated lines without headings; the default in a pipe
  markdown     tables for an issue or a pull request
  json         one object per file, described in docs/json.md
  dot          a picture of the scopes for Graphviz
  html         one page with the graph, tables and sizes; it works offline
  sarif        the problems of all files, for code scanning

tsv has all columns of the table, even those that a narrow terminal hides. The last column of problems is the hint. If there are several
files, sections or tables, each line starts with their names. The summary is not a table; it looks the same in a pipe.

In a GLOB, * matches any characters, ? matches one character, and [a-z] matches one of a set. Devices are compared by meaning:
--device '/gpu:*' matches /job:worker/task:1/device:GPU:3. If the filters leave a section empty, a note on stderr says so. With
--exit-status, the exit code is then 1.`,
		Example: `  metagraph show model.meta
  metagraph show train/ collections --name hparams --raw       # hyperparameters of the latest checkpoint
  metagraph show model.meta io --format json
  metagraph show model.meta nodes --op 'Conv*' --format json | jq -r '.nodes[].name'
  metagraph show model.meta collections --name train_op -e     # exit 1 if no collection matches
  metagraph show model.meta problems --check --forbid-op PyFunc  # exit 1 if there is an error or such an op
  metagraph show saved_model/ signatures --tag-set serve,gpu
  metagraph show model.meta scopes --depth 2 --format dot | dot -Tsvg > model.svg
  metagraph show model.meta --format html > model.html         # a page to explore in a browser`,
		ValidArgsFunction: completeShow,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !cmd.Flags().Changed("depth") {
				o.depth = defaultDepth
			}
			return runShow(env, &o, args)
		},
	}
	o.in.register(cmd)
	o.registry.register(cmd)
	o.register(cmd)
	o.out.register(cmd, render.ShowFormats)
	o.problems.register(cmd)
	return cmd
}

// register adds the flags that only show has.
func (o *showOptions) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&o.raw, "raw", false, "print only the values, one per line")
	f.BoolVar(&o.wide, "wide", false, "show every column in full, even if the terminal is too narrow")
	f.IntVar(&o.depth, "depth", 0, "show `N` levels of scopes in scopes and size (0: all)")
	f.IntVar(&o.top, "top", 0, "show `N` rows in each table of size and checkpoint (default 20; constants: 10)")
	o.checkpoints.register(f)
	f.BoolVar(&o.functions, "functions", false, "also list nodes of function bodies, as FUNCTION/NODE")
	f.BoolVarP(&o.exitStatus, "exit-status", "e", false, "exit with code 1 if the filters match nothing")
	f.StringArrayVar(&o.names, "name", nil, "show only names matching `GLOB` (repeatable, comma-separated)")
	f.StringArrayVar(&o.ops, "op", nil, "show only nodes whose op matches `GLOB` (repeatable, comma-separated)")
	f.StringArrayVar(&o.devices, "device", nil, "show only nodes on devices matching `PATTERN` (repeatable, comma-separated)")
	f.StringArrayVar(&o.scopes, "scope", nil, "show only nodes in `SCOPE` (repeatable, comma-separated)")
}

// showGCPercent is the GC percentage of show (see debug.SetGCPercent). It is low because collections are cheap: nearly all memory of a
// large graph is in tables without pointers.
const showGCPercent = 15

func runShow(env *environment, o *showOptions, args []string) error {
	request, err := o.parse(env, args)
	if err != nil {
		return err
	}
	defer debug.SetGCPercent(debug.SetGCPercent(showGCPercent))
	found := false
	var failed fileErrors
	for _, path := range request.files {
		some, err := request.file(env, path)
		switch {
		case err == nil:
		case len(request.files) == 1 || metafile.IsBrokenPipe(err):
			return err
		default:
			failed = append(failed, err)
		}
		found = found || some
	}
	if err := request.source.gate.finish(env, request.printing.Format); err != nil && len(failed) == 0 {
		return err
	}
	switch {
	case len(failed) > 0:
		return failed
	case o.exitStatus && !found, request.unfit:
		return errFound
	}
	return nil
}

// A showRequest is a parsed command line of show.
type showRequest struct {
	options  *showOptions
	files    []string
	sections []section
	printing render.Options
	source   showSource // without a file
	unfit    bool       // whether a requested checkpoint cannot be restored completely
}

// file shows one file. It reports whether any section had content.
func (r *showRequest) file(env *environment, path string) (found bool, err error) {
	if metafile.IsCheckpoint(path) {
		return r.checkpointAlone(env, path)
	}
	file, err := r.open(env, path)
	if err != nil {
		return false, r.misspelledSection(path, err)
	}
	defer file.Close() //nolint:errcheck // read only
	graphs := file.Selected()
	printing := r.printing
	if r.tagSetsOnly() {
		graphs = graphs[:1]
	}
	if len(graphs) > 1 {
		printing.Several = true
	}
	for _, graph := range graphs {
		printing.File = file.Name
		if len(graphs) > 1 {
			printing.Tags = &graph.Tags
		}
		some, err := r.graph(env, graph, printing)
		if err != nil {
			return found, err
		}
		found = found || some
	}
	return found, file.Changed()
}

// open opens a file. To list only the tag-sets, it selects all of them.
func (r *showRequest) open(env *environment, path string) (*metafile.File, error) {
	in := r.options.in
	if r.tagSetsOnly() && len(in.tagSets) == 0 {
		in.tagSets = []string{allTagSets}
	}
	return in.openOne(env, path, len(r.files) > 1)
}

// tagSetsOnly reports whether tag-sets is the only section to show.
func (r *showRequest) tagSetsOnly() bool {
	return !slices.ContainsFunc(r.sections, func(s section) bool { return s.name != tagSetsSection })
}

// graph shows one MetaGraphDef. It reports whether any section had content.
func (r *showRequest) graph(env *environment, file *metafile.File, printing render.Options) (found bool, err error) {
	source := r.source
	source.file, source.model = file, model.New(file.Meta)
	if err := source.attach(r.options.checkpoints); err != nil {
		return false, err
	}
	defer source.closeCheckpoint()
	switch printing.Format {
	case render.DOT:
		return true, source.draw(env.stdout, printing)
	case render.HTML:
		return true, r.options.out.writePage(env, source.page)
	}
	views, err := source.views(r.sections, r.options.raw)
	if err != nil {
		return false, err
	}
	if printing.Format == render.SARIF {
		return true, nil // all files are one document; see problemGate
	}
	some := make([]func() bool, len(views))
	for i := range views {
		views[i], some[i] = views[i].Watched()
	}
	err = render.Show(env.stdout, views, printing)
	r.unfit = r.unfit || source.unfit
	// Sections are read while they are printed, so this may be an error in the file or one of the output.
	if _, ok := errors.AsType[*wire.SyntaxError](err); ok {
		return false, file.Annotate(err)
	}
	if err != nil {
		return false, err
	}
	for i, s := range r.sections {
		found = found || some[i]()
		if !some[i]() {
			r.options.noteEmpty(env, &source, s)
		}
	}
	return found, r.noteFunctions(env, &source)
}

// noteFunctions prints a note with the number of nodes in function bodies that match the filters, if the section nodes skips them.
func (r *showRequest) noteFunctions(env *environment, source *showSource) error {
	o := r.options
	if o.functions || !slices.ContainsFunc(r.sections, func(s section) bool { return s.name == nodesSection }) {
		return nil
	}
	n, err := inspect.CountFunctionNodes(source.model.Meta, source.filter)
	if err != nil {
		return source.file.Annotate(err)
	}
	if n > 0 {
		_ = render.PrintNote(env.stderr, source.file.Name+": "+render.Count(n, "more node")+" in function bodies (use --functions)", env.notices)
	}
	return nil
}

// fileInfo returns the facts about the file for the summary.
func fileInfo(f *metafile.File) inspect.FileInfo {
	return inspect.FileInfo{Name: f.Name, Kind: f.Kind.String(), Format: f.Format.String(), Bytes: f.Size, TagSets: f.TagSets, Tags: f.Tags}
}

// fileErrors holds the errors of several files.
type fileErrors []error

func (e fileErrors) Error() string { return errors.Join(e...).Error() }

// Unwrap returns the errors.
func (e fileErrors) Unwrap() []error { return e }
