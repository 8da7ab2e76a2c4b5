// Command bootstrap is a function for the tests of package lambda. The event
// says what it does; the variable INIT says how it starts.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type event struct {
	Mode string          `json:"mode"`
	N    int             `json:"n"`
	Text string          `json:"text"`
	Data json.RawMessage `json:"data"`
	// Meet is an address at which the function says its process number and
	// waits for the connection's end, before it does what Mode says.
	Meet string `json:"meet"`
}

func main() {
	if err := start(os.Getenv("INIT")); err != nil {
		fmt.Println(err)
		os.Exit(3)
	}
	switch os.Getenv("SIGTERM") {
	case "handled":
		lambda.StartWithOptions(handle, lambda.WithEnableSIGTERM(func() {
			fmt.Println("the last words")
			os.Exit(0)
		}))
	case "ignored":
		lambda.StartWithOptions(handle, lambda.WithEnableSIGTERM(func() { fmt.Println("not yet") }))
	}
	lambda.Start(handle)
}

func start(how string) error {
	switch how {
	case "exit":
		fmt.Println("cannot start")
		os.Exit(3)
	case "hang":
		time.Sleep(time.Hour)
	case "hang-once":
		// The second start finds what the first has left in /tmp.
		mark := filepath.Join(os.TempDir(), "mark")
		if _, err := os.Stat(mark); err == nil {
			return nil
		}
		if err := os.WriteFile(mark, nil, 0o600); err != nil {
			return err
		}
		time.Sleep(time.Hour)
	case "error":
		res, err := http.Post("http://"+os.Getenv("AWS_LAMBDA_RUNTIME_API")+"/2018-06-01/runtime/init/error",
			"application/json", strings.NewReader(`{"errorType":"Config.Missing","errorMessage":"no table"}`))
		if err != nil {
			return err
		}
		return res.Body.Close()
	}
	return nil
}

func handle(ctx context.Context, e event) (any, error) {
	if e.Meet != "" {
		if err := meet(e.Meet); err != nil {
			return nil, err
		}
	}
	switch e.Mode {
	case "echo":
		return e.Data, nil
	case "pid":
		return os.Getpid(), nil
	case "error":
		return nil, errors.New(e.Text)
	case "panic":
		panic(e.Text)
	case "exit":
		os.Exit(e.N)
	case "kill":
		return nil, syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case "hang":
		time.Sleep(time.Hour)
	case "big":
		return strings.Repeat("x", e.N), nil
	case "lines":
		for i := range e.N {
			fmt.Printf("out %d\n", i)
			fmt.Fprintf(os.Stderr, "err %d\n", i)
		}
		fmt.Print("unfinished")
	case "print":
		fmt.Print(e.Text)
	case "context":
		lc, _ := lambdacontext.FromContext(ctx)
		deadline, _ := ctx.Deadline()
		return map[string]any{
			"requestId": lc.AwsRequestID, "arn": lc.InvokedFunctionArn,
			"remaining": time.Until(deadline).Seconds(), "trace": os.Getenv("_X_AMZN_TRACE_ID"),
		}, nil
	case "environment":
		dir, err := os.Getwd()
		return map[string]any{"variables": os.Environ(), "dir": dir}, err
	case "write":
		return nil, os.WriteFile(e.Text, nil, 0o600)
	case "child":
		return nil, child(e.Text)
	default:
		return nil, fmt.Errorf("unknown mode %q", e.Mode)
	}
	return nil, nil
}

// child starts a process that holds a connection to the address.
func child(address string) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	file, err := conn.(*net.TCPConn).File()
	if err != nil {
		return err
	}
	defer file.Close()
	cmd := exec.Command("sleep", "3600")
	cmd.ExtraFiles = []*os.File{file}
	if err := cmd.Start(); err != nil {
		return err
	}
	_, err = fmt.Fprintln(conn, cmd.Process.Pid)
	return err
}

func meet(address string) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := fmt.Fprintln(conn, os.Getpid()); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, conn)
	return err
}
