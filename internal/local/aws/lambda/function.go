package lambda

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
)

// latest is the only version there is.
const latest = "$LATEST"

// CreateFunction deploys a new function. It fails where AWS would refuse it.
func (s *Service) CreateFunction(ctx context.Context, f Function) (FunctionInfo, error) {
	if err := ctx.Err(); err != nil {
		return FunctionInfo{}, fmt.Errorf("deploying the function %q: %w", f.Name, err)
	}
	if _, ok := s.Function(f.Name); ok {
		return FunctionInfo{}, alreadyExists(f.Name)
	}
	f = f.withDefaults()
	if err := s.validate(f); err != nil {
		return FunctionInfo{}, err
	}
	code, info, err := s.unpack(f)
	if err != nil {
		return FunctionInfo{}, err
	}
	if err := code.platform.check(f.Architecture, s.platformFor(f)); err != nil {
		code.release()
		return FunctionInfo{}, err
	}

	s.sayWithoutEffect(f)
	s.mu.Lock()
	defer s.mu.Unlock()
	refuse := func(err error) (FunctionInfo, error) {
		code.release()
		return FunctionInfo{}, err
	}
	if s.closed {
		return refuse(ErrClosed)
	}
	if _, ok := s.functions[f.Name]; ok {
		return refuse(alreadyExists(f.Name))
	}
	if err := s.checkReservation(f); err != nil {
		return refuse(err)
	}
	fn := &function{arn: info.ARN, reserved: info.ReservedConcurrency}
	fn.current = &version{fn: fn, info: info, code: code, warned: map[string]bool{}}
	s.functions[f.Name] = fn
	return fn.info(), nil
}

// DeleteFunction removes a function, given by name or ARN, with its
// permissions. Invocations in flight finish.
func (s *Service) DeleteFunction(name string) error {
	s.mu.Lock()
	fn, err := s.lookup(name)
	if err != nil {
		s.mu.Unlock()
		return err
	}
	last := fn.current
	delete(s.functions, last.info.Name)
	idle := last.retire()
	s.mu.Unlock()
	s.endAll(idle)
	last.code.release()
	return nil
}

// Function returns a function, given by name or ARN.
func (s *Service) Function(name string) (FunctionInfo, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fn, err := s.lookup(name)
	if err != nil {
		return FunctionInfo{}, false
	}
	return fn.info(), true
}

// Functions returns all functions, sorted by name.
func (s *Service) Functions() []FunctionInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]FunctionInfo, 0, len(s.functions))
	for _, fn := range s.functions {
		all = append(all, fn.info())
	}
	slices.SortFunc(all, func(a, b FunctionInfo) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// retire takes the idle environments of a version that gets no more
// invocations; the caller, who holds Service.mu, has to end them.
func (v *version) retire() []*environment {
	v.retired = true
	idle := v.idle
	v.idle = nil
	return idle
}

// defaultLogGroup is where a function logs that says nothing of it.
func defaultLogGroup(function string) string { return "/aws/lambda/" + function }

func (f Function) withDefaults() Function {
	if f.Architecture == "" {
		f.Architecture = "x86_64"
	}
	if f.MemorySize == 0 {
		f.MemorySize = 128
	}
	if f.Timeout == 0 {
		f.Timeout = 3 * time.Second
	}
	if f.LogGroup == "" {
		f.LogGroup = defaultLogGroup(f.Name)
	}
	if f.LogFormat == "" {
		f.LogFormat = formatText
	}
	if f.LogFormat == formatJSON && f.ApplicationLogLevel == "" {
		f.ApplicationLogLevel = "INFO"
	}
	if f.LogFormat == formatJSON && f.SystemLogLevel == "" {
		f.SystemLogLevel = "INFO"
	}
	f.TracingMode = cmp.Or(f.TracingMode, tracingPass)
	f.EphemeralStorage = cmp.Or(f.EphemeralStorage, minStorage)
	return f
}

// unpack checks and unpacks the code of f.
func (s *Service) unpack(f Function) (*codeDir, FunctionInfo, error) {
	code, err := s.newCodeDir(f.Code)
	if err != nil {
		return nil, FunctionInfo{}, err
	}
	info := s.describe(f)
	sum := sha256.Sum256(f.Code)
	info.CodeSha256 = base64.StdEncoding.EncodeToString(sum[:])
	info.CodeSize = int64(len(f.Code))
	return code, info, nil
}

func (s *Service) describe(f Function) FunctionInfo {
	f.Code = nil
	return FunctionInfo{Function: f, ARN: s.functionARN(f.Name), LastModified: s.now(), Version: latest}.clone()
}

// info is what the function is now. The caller holds Service.mu.
func (f *function) info() FunctionInfo {
	info := f.current.info
	info.ReservedConcurrency = f.reserved
	return info.clone()
}

// clone makes what is behind pointers the receiver's own.
func (i FunctionInfo) clone() FunctionInfo {
	i.Environment = maps.Clone(i.Environment)
	i.Layers = slices.Clone(i.Layers)
	if i.VPC != nil {
		vpc := *i.VPC
		vpc.SubnetIDs, vpc.SecurityGroupIDs = slices.Clone(vpc.SubnetIDs), slices.Clone(vpc.SecurityGroupIDs)
		i.VPC = &vpc
	}
	if i.ReservedConcurrency != nil {
		n := *i.ReservedConcurrency
		i.ReservedConcurrency = &n
	}
	return i
}

func (s *Service) functionARN(name string) string {
	return s.account.ARN("lambda", "function:"+name)
}

// ReadCode reads a file of a function's code, given by its path in the zip.
func (s *Service) ReadCode(function, file string) ([]byte, error) {
	s.mu.Lock()
	fn, err := s.lookup(function)
	if err != nil {
		s.mu.Unlock()
		return nil, err
	}
	code := fn.current.code
	code.retain()
	s.mu.Unlock()
	defer code.release()
	root, err := os.OpenRoot(code.path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	return root.ReadFile(file)
}

// lookup finds a function by its name, its ARN or the ARN's part from the
// account on, each with or without :$LATEST. The caller holds Service.mu.
func (s *Service) lookup(ref string) (*function, error) {
	rest := strings.TrimPrefix(ref, s.account.ARN("lambda", ""))
	rest = strings.TrimPrefix(rest, s.account.ID+":")
	rest = strings.TrimPrefix(rest, "function:")
	if fn, ok := s.functions[strings.TrimSuffix(rest, ":"+latest)]; ok {
		return fn, nil
	}
	if strings.HasPrefix(rest, "arn:") {
		return nil, notFound(rest) // another account, Region or service
	}
	return nil, notFound(s.functionARN(rest))
}

func alreadyExists(name string) error {
	return refusal(codeConflict, "", "Function already exist: %s", name)
}
