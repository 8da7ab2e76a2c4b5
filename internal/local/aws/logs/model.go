package logs

import (
	"os"
	"time"
)

// AlreadyExists is the code of CreateGroup's error for a name that is taken.
const AlreadyExists = "ResourceAlreadyExistsException"

// Group is a log group as it was asked for.
type Group struct {
	// Name has 1 to 512 of the characters a–z, A–Z, 0–9, "_", "-", "/", "."
	// and "#" (CloudWatch Logs API, CreateLogGroup).
	Name string
	// RetentionDays is one of the numbers that PutRetentionPolicy knows.
	// Defaults to 0: events never expire.
	RetentionDays int
	Tags          map[string]string
}

// Event is one log event.
type Event struct {
	// At is kept to the millisecond, as CloudWatch Logs does.
	At time.Time
	// Stream is the name of a log stream; it holds no space and no newline.
	Stream string
	// Message may have several lines.
	Message string
}

// Subscriber is told of log events after they were written. See Subscribe.
type Subscriber func(group string, events []Event)

type openGroup struct {
	Group
	file    *os.File
	created time.Time
	streams map[string]*stream
	size    int64  // of the file
	latest  int64  // the latest event's time, in ms since the epoch
	marks   []mark // one a markEvery bytes, in the order of the file
}

// stream is what DescribeLogStreams tells of a log stream.
type stream struct {
	first, last time.Time // of its events
}

// markEvery is how many bytes of a file may be read in vain to find a time.
const markEvery = 1 << 20

// mark says that the records before offset are not later than latest.
type mark struct{ offset, latest int64 }
