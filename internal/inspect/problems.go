package inspect

// A Severity says how much a Problem matters.
type Severity string

// The severities, the worst first.
const (
	SeverityError   Severity = "error"   // TensorFlow 2.21 refuses to import the file
	SeverityWarning Severity = "warning" // it imports the file, and what is imported does not do what one expects
	SeverityInfo    Severity = "info"    // it imports the file; who uses it should know this
)

// A Problem is something in a file that keeps TensorFlow from importing it or surprises who does. Equal problems in many
// places are one Problem.
type Problem struct {
	ID       string   `json:"id"`                 // stable: one of ProblemKinds
	Severity Severity `json:"severity"`           //
	Place    string   `json:"place"`              // where, or the first of several places: "node conv1", "collection train_op"
	Message  string   `json:"message"`            // what is wrong there, in one line
	Hint     string   `json:"hint"`               // what to do
	Count    int      `json:"count"`              // number of places, at least 1
	Examples []string `json:"examples,omitempty"` // where Count > 1: the first places in file order, each as "place: message"
}

// A ProblemKind documents one id.
type ProblemKind struct {
	ID       string   `json:"id"`
	Severity Severity `json:"severity"`
	Meaning  string   `json:"meaning"`
	Hint     string   `json:"hint"`
}

// Problems returns what would keep TensorFlow 2.21 from importing the file or surprise who does, errors first, then
// warnings, then infos, each in the order of ProblemKinds. It is empty for a file that is in order. The error, for bytes that
// are no MetaGraphDef, wraps a *wire.SyntaxError.
func Problems(m *Model) ([]Problem, error) {
	return nil, nil
}

// ProblemKinds returns all the ids that Problems knows, in the order in which it lists them.
func ProblemKinds() []ProblemKind { return nil }
