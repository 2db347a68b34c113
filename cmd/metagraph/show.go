package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/metagraph/metagraph/internal/inspect"
	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/match"
	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/nearest"
	"github.com/metagraph/metagraph/internal/render"
	"github.com/metagraph/metagraph/internal/wire"
)

// showOptions is what the flags of show say.
type showOptions struct {
	in       inputFlags
	registry registryFlags
	format   string
	raw      bool
	color    string
	depth    int
	names    []string
	ops      []string
	devices  []string
	scopes   []string
}

func newShowCommand(env *environment) *cobra.Command {
	var o showOptions
	cmd := &cobra.Command{
		Use:   "show [FILE [SECTION...]]",
		Short: "Show what a file holds",
		Long: `show prints what a file holds: the sections that are named, the summary where none is.

Sections:
` + sectionList() + `
On a terminal sections are tables. A pipe gets tab-separated lines without headings; each line begins with the section
where several are asked for, and then with the table where the section has several. The summary is the same everywhere. JSON
is one object with the fields of all sections. DOT is a picture of the scopes for Graphviz: what they hold, how many inputs
lead from one to another, where data comes in and goes out; gradients, savers, initializers and summaries stand aside.

In a GLOB, * stands for any characters, ? for one, [a-z] for one of a set. Devices are compared by meaning: --device '/gpu:*'
finds /job:worker/task:1/device:GPU:3. Where a filter leaves nothing of a section, stderr says so; the exit code is 0 then too.`,
		Example: `  metagraph show model.meta
  metagraph show train/ collections --name hparams --raw       # hyperparameters of the latest checkpoint
  metagraph show model.meta io --format json
  metagraph show model.meta nodes --op 'Conv*' --format json | jq -r '.nodes[].name'
  metagraph show saved_model/ signatures --tag-set serve,gpu
  metagraph show model.meta scopes --depth 2 --format dot | dot -Tsvg > model.svg`,
		ValidArgsFunction: completeSections,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !cmd.Flags().Changed("depth") {
				o.depth = defaultDepth
			}
			return runShow(env, &o, args)
		},
	}
	o.in.register(cmd)
	o.registry.register(cmd)
	f := cmd.Flags()
	f.StringVar(&o.format, "format", "auto", "`form` of the output: table, tsv, markdown, json, dot (scopes alone), or auto: table on a terminal, tsv in a pipe")
	f.BoolVar(&o.raw, "raw", false, "print the values alone, one a line")
	f.StringVar(&o.color, "color", "auto", "`when` to use color: auto, always or never")
	f.IntVar(&o.depth, "depth", 0, "how many `levels` of scopes to tell apart in scopes (0: all) and size")
	f.StringArrayVar(&o.names, "name", nil, "only what is called like `GLOB`: nodes, variables, collections, signatures, functions (repeatable)")
	f.StringArrayVar(&o.ops, "op", nil, "only nodes with an op like `GLOB` (repeatable)")
	f.StringArrayVar(&o.devices, "device", nil, "only nodes on a device like `GLOB` (repeatable)")
	f.StringArrayVar(&o.scopes, "scope", nil, "only what lies in `SCOPE` (repeatable)")
	return cmd
}

// showGCPercent is how much the heap may grow before it is collected, in percent of what was in use.
const showGCPercent = 50

func runShow(env *environment, o *showOptions, args []string) error {
	sections, err := parseSections(args)
	if err != nil {
		return err
	}
	printing, source, err := o.parse(env, sections)
	if err != nil {
		return err
	}
	file, err := o.in.open(env, argument(args, 0))
	if err != nil {
		return sectionForFile(argument(args, 0), err)
	}
	defer file.Close() //nolint:errcheck // read only
	// Nearly all that a large graph takes is tables without pointers in them, which are looked through in no time.
	defer debug.SetGCPercent(debug.SetGCPercent(showGCPercent))
	source.file, source.model, printing.File = file, model.New(file.Meta), file.Name
	if printing.Format == render.DOT {
		if err := source.draw(env.stdout, printing); err != nil {
			return err
		}
		return file.Changed()
	}
	views, err := source.views(sections, o.raw)
	if err != nil {
		return err
	}
	tell := o.watchPicked(env.stderr, source, sections, views)
	err = render.Show(env.stdout, views, printing)
	// What is read while it is printed fails here too; a full disk is not the file's fault.
	if syntax := (*wire.SyntaxError)(nil); errors.As(err, &syntax) {
		return file.Locate(err)
	}
	if err != nil {
		return err
	}
	tell()
	return file.Changed()
}

// parse turns the flags into what the sections and the printer want to know, and refuses what does not go together.
func (o *showOptions) parse(env *environment, sections []section) (render.Options, *showSource, error) {
	printing := render.Options{Raw: o.raw, Terminal: env.stdoutTerminal, Width: env.width,
		Filtered: len(o.picks()) > 0}
	source := &showSource{depth: o.depth, width: env.width}
	if o.depth < 0 && o.depth != defaultDepth {
		return printing, nil, usageErrorf("give 1 for the scopes at the top, 0 for all", "--depth %d is less than nothing", o.depth)
	}
	var err error
	if printing.Format, err = render.ParseFormat(o.format); err != nil {
		return printing, nil, usageErrorf("", "--%v", err)
	}
	if printing.Color, err = env.color(o.color); err != nil {
		return printing, nil, err
	}
	if o.raw && printing.Format != render.Auto {
		return printing, nil, usageErrorf("leave out one of them", "--raw prints the values alone, --format %s more than that", o.format)
	}
	if printing.Format == render.DOT && (len(sections) != 1 || sections[0].name != scopesSection) {
		return printing, nil, usageErrorf("for example: metagraph show model.meta scopes --format dot", "--format dot draws scopes and nothing else")
	}
	if source.filter, err = o.filter(sections); err != nil {
		return printing, nil, err
	}
	source.registry, err = o.registry.load()
	return printing, source, err
}

// filter returns the filter that the flags describe. A flag that none of the sections heeds is a mistake.
func (o *showOptions) filter(sections []section) (model.Filter, error) {
	f := model.Filter{Scopes: o.scopes}
	for _, p := range o.picks() {
		if !slices.ContainsFunc(sections, func(s section) bool { return s.filters&p.kind != 0 }) {
			return f, usageErrorf("it picks among "+strings.Join(sectionNames(p.kind), ", "), "%s does nothing for %s", p.flag, sections[0].name)
		}
	}
	for _, globs := range []struct {
		flag  string
		texts []string
		to    *[]match.Glob
	}{{"--name", o.names, &f.Names}, {"--op", o.ops, &f.Ops}} {
		for _, text := range globs.texts {
			glob, err := match.ParseGlob(text)
			if err != nil {
				return f, usageErrorf("", "%s: %v", globs.flag, err)
			}
			*globs.to = append(*globs.to, glob)
		}
	}
	for _, text := range o.devices {
		device, err := match.ParseDeviceFilter(text)
		if err != nil {
			return f, usageErrorf("", "--device: %v", err)
		}
		f.Devices = append(f.Devices, device)
	}
	return f, nil
}

// parseSections returns the sections that the arguments behind the file name, each once, in the order in which they are named.
func parseSections(args []string) ([]section, error) {
	if len(args) < 2 {
		return sectionTable()[:1], nil
	}
	var sections []section
	for _, name := range args[1:] {
		if name == allSections {
			return sectionTable(), nil
		}
		i := slices.IndexFunc(sectionTable(), func(s section) bool { return s.name == name })
		if i < 0 {
			hint := "the sections are " + strings.Join(sectionNames(0), ", ")
			if near := nearest.Names(name, sectionNames(0), 1); len(near) > 0 {
				hint = fmt.Sprintf("did you mean %s?", near[0])
			}
			switch {
			case strings.Contains(name, ","):
				hint = "sections are separated by blanks: " + strings.ReplaceAll(name, ",", " ")
			case isThere(name):
				hint = "show takes one file; metagraph diff A B compares two"
			}
			hint = cmp.Or(confused(sectionConfusions(), name), hint)
			return nil, usageErrorf(hint, "there is no section %q", name)
		}
		if s := sectionTable()[i]; !slices.ContainsFunc(sections, func(t section) bool { return t.name == s.name }) {
			sections = append(sections, s)
		}
	}
	return sections, nil
}

// sectionForFile adds to the error about a file that is not there that it is called like a section, where it is.
func sectionForFile(path string, err error) error {
	if !slices.Contains(sectionNames(0), path) || !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return usageErrorf(fmt.Sprintf("the file comes first, - for standard input: metagraph show - %s", path), "%v", err)
}

// completeSections completes the sections behind the file.
func completeSections(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	var completions []string
	for _, s := range sectionTable() {
		completions = append(completions, cobra.CompletionWithDesc(s.name, s.purpose))
	}
	return append(completions, cobra.CompletionWithDesc(allSections, "all of them")), cobra.ShellCompDirectiveNoFileComp
}

// fileInfo returns what the summary says about the file itself.
func fileInfo(f *metafile.File) inspect.FileInfo {
	return inspect.FileInfo{Name: f.Name, Kind: f.Kind.String(), Format: f.Format.String(), Bytes: f.Size, TagSets: f.TagSets, Tags: f.Tags}
}
