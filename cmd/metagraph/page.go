package main

import (
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"slices"

	"github.com/spf13/cobra"

	"github.com/metagraph/metagraph/internal/diff"
	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/render"
	"github.com/metagraph/metagraph/internal/render/page"
)

// pageFlags holds the flags for HTML pages.
type pageFlags struct{ open bool }

func (p *pageFlags) register(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&p.open, "open", false, "open the HTML page in a browser (implies --format html)")
}

// format returns the format to print, which is HTML with --open. It returns an error if a page would be printed to a terminal.
func (p *pageFlags) format(env *environment, format render.Format, isDefault bool) (render.Format, error) {
	switch {
	case p.open && (isDefault || format == render.HTML):
		return render.HTML, nil
	case p.open:
		return format, usageErrorf("leave out one of them", "--open shows an HTML page, not --format %s", format)
	case format == render.HTML && env.stdoutTerminal:
		return format, usageErrorf("redirect the output (> page.html), or use --open", "--format html does not print to a terminal")
	}
	return format, nil
}

// write writes a page to standard output, or to a temporary file that it opens in a browser.
func (p *pageFlags) write(env *environment, page func(io.Writer) error) error {
	if !p.open {
		return page(env.stdout)
	}
	path, err := metafile.WriteTemporary("metagraph-*.html", page)
	if err != nil {
		return err
	}
	name, args := browser(path)
	command := exec.Command(name, args...)
	command.Stdout, command.Stderr = env.stdout, env.stderr
	if err := command.Run(); err != nil {
		return usageErrorf("open "+render.Text(path), "cannot open a browser: %v", err)
	}
	_, err = fmt.Fprintf(env.stderr, "opened %s\n", render.Text(path))
	return err
}

// browser returns the command that opens a file in the user's browser.
func browser(path string) (string, []string) {
	switch runtime.GOOS {
	case "darwin":
		return "open", []string{path}
	case "windows":
		return "rundll32", []string{"url.dll,FileProtocolHandler", path}
	}
	return "xdg-open", []string{path}
}

// page writes the whole file to w as one HTML page.
func (s *showSource) page(w io.Writer) error {
	others := []string{nodesSection, scopesSection, tagSetsSection} // the page has its own form of nodes and scopes
	sections := slices.DeleteFunc(sectionTable(), func(t section) bool { return slices.Contains(others, t.name) })
	views, err := s.views(sections, false)
	if err != nil {
		return err
	}
	return s.file.Annotate(page.Show(w, page.Content{Name: s.file.Name, Model: s.model, Views: views}))
}

// diffPage writes a comparison to w as one HTML page.
func diffPage(w io.Writer, a, b diffInput, report *diff.Report) error {
	return page.Diff(w, page.DiffContent{A: model.New(a.meta()), B: model.New(b.meta()), Report: report})
}
