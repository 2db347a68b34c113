package main

import (
	"cmp"
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/match"
	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/render"
)

// parse converts flags and arguments to a request. It rejects contradictory flags before any file is opened.
func (o *showOptions) parse(env *environment, args []string) (*showRequest, error) {
	r := &showRequest{options: o, source: showSource{env: env, checkpoints: o.checkpoints, depth: o.depth, width: env.width, top: o.top, functions: o.functions}}
	if o.wide {
		r.source.width = 0
	}
	r.splitArguments(args)
	if err := r.checkWords(); err != nil {
		return nil, err
	}
	var err error
	if r.printing, err = o.printing(env, r); err != nil {
		return nil, err
	}
	if err := o.check(r); err != nil {
		return nil, err
	}
	if r.source.gate, err = o.problems.gate(); err != nil {
		return nil, err
	}
	if r.source.filter, err = o.filter(r.sections); err != nil {
		return nil, err
	}
	r.source.registry, err = o.registry.load()
	return r, err
}

// printing returns the options for printing the sections.
func (o *showOptions) printing(env *environment, r *showRequest) (p render.Options, err error) {
	p = render.Options{Raw: o.raw, Terminal: env.stdoutTerminal, Width: r.source.width, Filtered: len(o.picks()) > 0, Several: len(r.files) > 1,
		Expand: "use --scope for one of them"}
	p.Format, p.Color, err = o.out.parse(env)
	return p, err
}

// check returns an error if flags contradict each other or the sections.
func (o *showOptions) check(r *showRequest) error {
	format := r.printing.Format
	switch {
	case o.depth < 0 && o.depth != defaultDepth:
		return usageErrorf("use 1 for the top-level scopes, 0 for all", "--depth must be 0 or greater")
	case o.top < 0:
		return usageErrorf("leave out --top for the default", "--top must be 0 or greater")
	case o.raw && format != render.Auto:
		return usageErrorf("leave out one of them", "--raw and --format %s contradict each other", format)
	case format == render.DOT && (len(r.sections) != 1 || r.sections[0].name != scopesSection):
		return usageErrorf("for example: metagraph show model.meta scopes --format dot", "--format dot needs the section scopes")
	case format == render.DOT && len(r.files) != 1:
		return usageErrorf("draw one file at a time", "--format dot takes one file")
	case format == render.HTML && (len(r.sections) != 1 || r.sections[0].name != sectionTable()[0].name || len(o.picks()) > 0):
		return usageErrorf("leave out sections and filters", "an HTML page shows the whole file")
	case format == render.HTML && (len(r.files) != 1 || slices.Contains(o.in.tagSets, allTagSets)):
		return usageErrorf("write one page for each graph", "an HTML page shows one graph")
	case format == render.SARIF && (len(r.sections) != 1 || r.sections[0].name != problemsSection):
		return usageErrorf("for example: metagraph show model.meta problems --format sarif", "--format sarif needs the section problems")
	case o.problems.given() != "" && !r.shows(problemsSection):
		return usageErrorf("for example: metagraph show model.meta problems "+o.problems.given(), "%s needs the section problems", o.problems.given())
	case o.functions && !r.shows(nodesSection):
		return usageErrorf("for example: metagraph show model.meta nodes --functions", "--functions needs the section nodes")
	case o.top > 0 && !r.shows(sizeSection) && !r.shows(checkpointSection):
		return usageErrorf("for example: metagraph show model.meta size --top 50", "--top needs the section size or checkpoint")
	case o.checkpoints.verify && !r.shows(checkpointSection):
		return usageErrorf("for example: metagraph show model.ckpt-3 checkpoint --verify", "--verify needs the section checkpoint")
	}
	return nil
}

// shows reports whether the request includes a section.
func (r *showRequest) shows(name string) bool {
	return slices.ContainsFunc(r.sections, func(s section) bool { return s.name == name })
}

// splitArguments splits the arguments into sections and files. An argument with the name of a section is a section. Each section is shown
// once, in the order of the arguments.
func (r *showRequest) splitArguments(args []string) {
	for _, arg := range args {
		i := slices.IndexFunc(sectionTable(), func(s section) bool { return s.name == arg })
		switch {
		case arg == allSections:
			r.sections = sectionTable()
		case i < 0:
			r.files = append(r.files, arg)
		case !r.shows(arg):
			r.sections = append(r.sections, sectionTable()[i])
		}
	}
	if slices.Contains(args, allSections) {
		r.sections = sectionTable()
	}
	if len(r.files) == 0 {
		r.files = []string{"-"}
	}
	switch {
	case len(r.sections) > 0:
	case !slices.ContainsFunc(r.files, func(path string) bool { return !metafile.IsCheckpoint(path) }):
		r.sections = sectionsNamed(checkpointSection)
	default:
		r.sections = sectionTable()[:1]
	}
	r.source.asked = r.shows(checkpointSection) && len(r.sections) < len(sectionTable())
}

// checkWords returns an error if one of several arguments is neither a section nor an existing file. It is called before anything is
// shown.
func (r *showRequest) checkWords() error {
	for _, word := range r.files {
		if len(r.files) == 1 || stdinArgument(word) || strings.ContainsAny(word, `/\.`) {
			continue
		}
		if !pathExists(word) && !pathExists(word+".meta") && !pathExists(word+".index") {
			return r.misspelledSection(word, os.ErrNotExist)
		}
	}
	return nil
}

// misspelledSection returns an error for an argument that is neither a section nor an existing file. Its hint suggests a section. If err is
// about anything else, it is returned unchanged.
func (r *showRequest) misspelledSection(path string, err error) error {
	if !errors.Is(err, os.ErrNotExist) || strings.ContainsAny(path, `/\.`) {
		return err
	}
	hint := cmp.Or(sectionConfusions()[path], didYouMean("the section ", path, sectionNames(0)))
	if words := strings.Split(path, ","); len(words) > 1 && slices.Contains(sectionNames(0), words[0]) {
		hint = "separate sections by spaces: " + strings.Join(words, " ")
	}
	if hint = cmp.Or(hint, hintOf(err)); len(r.files) > 1 {
		hint = cmp.Or(hint, "the sections are "+strings.Join(sectionNames(0), ", "))
	}
	return fileErrorf(path, hint, "no such file or section")
}

// filter returns the filter that the flags describe. It returns an error if a flag applies to none of the sections.
func (o *showOptions) filter(sections []section) (model.Filter, error) {
	f := model.Filter{Scopes: splitLists(o.scopes)}
	for _, p := range o.picks() {
		if !slices.ContainsFunc(sections, func(s section) bool { return s.filters&p.kind != 0 }) {
			return f, usageErrorf("use it with "+strings.Join(sectionNames(p.kind), ", "), "%s does not apply to %s", p.flag, sections[0].name)
		}
	}
	var err error
	if f.Names, err = globs("--name", tensorNames(splitLists(o.names))); err != nil {
		return f, err
	}
	if f.Ops, err = globs("--op", splitLists(o.ops)); err != nil {
		return f, err
	}
	for _, text := range splitLists(o.devices) {
		device, err := match.ParseDeviceFilter(text)
		if err != nil {
			return f, usageErrorf("", "--device: %v", err)
		}
		f.Devices = append(f.Devices, device)
	}
	return f, nil
}

// tensorNames returns names and, for each tensor or control input among them, the name of its node: x for x:0 and ^x.
func tensorNames(names []string) []string {
	out := slices.Clone(names)
	for _, name := range names {
		node := strings.TrimPrefix(name, "^")
		if at := strings.LastIndexByte(node, ':'); at > 0 && at+1 < len(node) && strings.Trim(node[at+1:], "0123456789") == "" {
			node = node[:at]
		}
		if node != name && node != "" {
			out = append(out, node)
		}
	}
	return out
}

// completeShow completes files, and after the first argument also sections.
func completeShow(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	var completions []string
	for _, s := range sectionTable() {
		completions = append(completions, cobra.CompletionWithDesc(s.name, s.purpose))
	}
	return append(completions, cobra.CompletionWithDesc(allSections, "every section")), cobra.ShellCompDirectiveNoFileComp
}
