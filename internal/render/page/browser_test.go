package page_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/wire"
)

// patience is the timeout of a step in the browser. It does not measure speed.
const patience = time.Minute

// browserFiles are opened in a browser, if they exist.
var browserFiles = []string{
	"testdata/graph.pbtxt", "testdata/functions.meta", "testdata/partitioned.meta", "testdata/queues.meta", "testdata/inference.pbtxt",
	"corpus/simplehtr-1.4.meta", "corpus/bert-base-1.12.meta", "corpus/adult-estimator-1.14.meta",
	"corpus/ssd-mobilenet-face-1.6.meta", "corpus/dist-haiy-ps-worker-1.1.meta", "corpus/saved-model-keras-lstm.pb",
	"corpus/tfnet-inceptionv3-train-1.14rc0.meta", "corpus/ema-0.11.meta", "corpus/l2l-grader8-while-1.4.meta",
	"corpus/pointnet2-customops-1.2.meta",
}

// chromium returns a context with a browser, or skips the test.
func chromium(t *testing.T) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes too long for -short")
	}
	var path string
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); name != "" && err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Skip("no Chromium found (Debian: apt-get install chromium; or set CHROMIUM to its path)")
	}
	options := []chromedp.ExecAllocatorOption{chromedp.Headless, chromedp.NoFirstRun, chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.WindowSize(1400, 900)}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	return ctx
}

// A tab is one page in the browser, with its console messages, exceptions and requests.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu   sync.Mutex
	said []string
}

// open shows a document and waits until it is ready.
func open(browser context.Context, t *testing.T, document []byte) *tab {
	t.Helper()
	path := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(path, document, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	ctx, cancel = context.WithTimeout(ctx, patience)
	t.Cleanup(cancel)
	p := &tab{t: t, ctx: ctx}
	url := "file://" + filepath.ToSlash(path)
	err := chromedp.Listen(ctx, func(event any) {
		p.mu.Lock()
		defer p.mu.Unlock()
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			p.said = append(p.said, fmt.Sprintf("%s: %v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception))
		case *runtime.EventConsoleAPICalled:
			p.said = append(p.said, fmt.Sprintf("console.%s", e.Type))
		case *log.EventEntryAdded:
			p.said = append(p.said, e.Entry.Text)
		case *network.EventRequestWillBeSent:
			if e.Request.URL != url {
				p.said = append(p.said, "requests "+e.Request.URL)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	p.run(chromedp.Navigate(url), chromedp.WaitReady(chromedp.CSS(`html[data-ready="true"]`)))
	return p
}

func (p *tab) run(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, actions...); err != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.t.Fatalf("%v; messages of the page: %q", err, p.said)
	}
}

// eval returns the value of a JavaScript expression.
func eval[T any](p *tab, expression string) T {
	p.t.Helper()
	value, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		p.t.Fatal(err)
	}
	return value
}

// quiet fails the test if the page wrote to the console, threw an exception, or made a request.
func (p *tab) quiet() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.said) > 0 {
		p.t.Errorf("messages of the page: %q", p.said)
	}
}

// find enters a query and returns the names of the results.
func (p *tab) find(query string) []string {
	p.t.Helper()
	return eval[[]string](p, fmt.Sprintf(`(() => {
		const box = document.querySelector('input[type=search]');
		box.value = %q;
		box.dispatchEvent(new Event('input'));
		return [...document.querySelectorAll('[role=option]')].map((e) => e.dataset.name);
	})()`, query))
}

const boxes = `[...document.querySelectorAll('[data-kind]')].map((e) => e.dataset.name)`

// TestBrowser uses the page of each file as a person would.
func TestBrowser(t *testing.T) {
	browser := chromium(t)
	for _, name := range browserFiles {
		t.Run(filepath.Base(name), func(t *testing.T) {
			path := testfiles.Path(t, name)
			if _, err := os.Stat(path); err != nil {
				t.Skip("no corpus")
			}
			m := testfiles.Open(t, path, "")
			p := open(browser, t, show(t, name, m))
			if n := len(eval[[]string](p, boxes)); n < 1 || n > 400 {
				t.Errorf("%d initial boxes", n)
			}
			scope := eval[string](p, `document.querySelector('[data-kind=scope][aria-expanded=false]')?.dataset.name ?? ''`)
			if scope != "" {
				p.run(chromedp.Click(chromedp.CSS(`[data-kind=scope][aria-expanded=false] [data-action=toggle]`)))
				inner := false
				for _, box := range eval[[]string](p, boxes) {
					inner = inner || strings.HasPrefix(box, scope+"/")
				}
				if !inner {
					t.Errorf("nothing appears in the opened scope %q", scope)
				}
			}
			for _, node := range someNodes(t, m) {
				found := p.find(node.Name)
				if len(found) == 0 || found[0] != node.Name {
					t.Errorf("search for %q finds %.3q", node.Name, found)
					continue
				}
				p.run(chromedp.Click(chromedp.CSS(`[role=option]`)), chromedp.WaitVisible(chromedp.CSS(`[data-panel=details]`)))
				text := eval[string](p, `document.querySelector('[data-panel=details]').textContent`)
				if !strings.Contains(text, node.Name) || !strings.Contains(text, node.Op) {
					t.Errorf("details of %q: %.200q", node.Name, text)
				}
				if selected := eval[string](p, `document.querySelector('.box.selected')?.dataset.name ?? ''`); selected != node.Name {
					t.Errorf("selected %q, want %q", selected, node.Name)
				}
			}
			for _, view := range []string{"tables", "sizes", "graph"} {
				p.run(chromedp.Click(chromedp.CSS(`[role=tab][data-view=` + view + `]`)))
			}
			p.quiet()
		})
	}
}

// someNodes returns the first, a middle and the last node of a graph.
func someNodes(t *testing.T, m *wire.MetaGraph) []row {
	t.Helper()
	all := expected(t, m)
	if len(all) == 0 {
		return nil
	}
	return []row{all[0], all[len(all)/2], all[len(all)-1]}
}

// TestBrowserHostile shows names that contain markup.
func TestBrowserHostile(t *testing.T) {
	p := open(chromium(t), t, show(t, hostile, hostileGraph(t)))
	if found := p.find("img"); len(found) == 0 || found[0] != "a"+hostile {
		t.Errorf("found %q", found)
	}
	p.run(chromedp.Click(chromedp.CSS(`[role=option]`)), chromedp.Click(chromedp.CSS(`[role=tab][data-view=tables]`)),
		chromedp.Click(chromedp.CSS(`[role=tab][data-view=sizes]`)))
	if eval[bool](p, `window.pwned !== undefined || document.querySelector('img') !== null`) {
		t.Error("a name was executed as markup")
	}
	p.quiet()
}

// TestBrowserKeyboard opens and closes a scope without a mouse.
func TestBrowserKeyboard(t *testing.T) {
	m := testfiles.Sketch(t, strings.Repeat("x = Placeholder\n", 1)+"block_0/a/w = Const\nblock_0/a/y = Add x block_0/a/w\nblock_0/a/z = Add block_0/a/y x")
	p := open(chromium(t), t, show(t, "m", testfiles.MetaGraph(t, m)))
	steps := []struct {
		key  string
		want string // aria-expanded of the scope
	}{{"ArrowLeft", "false"}, {"ArrowRight", "true"}, {" ", "false"}, {" ", "true"}}
	for _, step := range steps {
		got := eval[string](p, fmt.Sprintf(`(() => {
			const scope = () => document.querySelector('[data-name=block_0]');
			if (!scope().contains(document.activeElement)) { scope().tabIndex = 0; scope().focus(); }
			document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: %q, bubbles: true}));
			return scope().getAttribute('aria-expanded');
		})()`, step.key))
		if step.key != "ArrowLeft" && got != step.want {
			t.Errorf("after %q: aria-expanded is %s, want %s", step.key, got, step.want)
		}
	}
	p.quiet()
}

// TestBrowserDiff shows the changes between two graphs.
func TestBrowserDiff(t *testing.T) {
	before := testfiles.MetaGraph(t, testfiles.Sketch(t, "x = Placeholder\nold/w = Const\nold/b = Const\ngone = Const\ny = Add x old/w\nz = Mul y gone"))
	after := testfiles.MetaGraph(t, testfiles.Sketch(t, "x = Placeholder\nnew/w = Const\nnew/b = Const\nmore = Placeholder\ny = Add x new/w\nz = Mul y more"))
	p := open(chromium(t), t, compare(t, before, after))
	got := eval[map[string]string](p, `Object.fromEntries([...document.querySelectorAll('[data-change]')].map((e) => [e.dataset.name, e.dataset.change]))`)
	for name, want := range map[string]string{"more": "added", "gone": "removed", "z": "changed", "new": "renamed"} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q (all: %v)", name, got[name], want, got)
		}
	}
	p.run(chromedp.Click(chromedp.CSS(`#changes .jump`)), chromedp.WaitVisible(chromedp.CSS(`[data-panel=details]`)))
	p.quiet()
}
