package local

import (
	"fmt"
	"testing"
)

func TestEmulators(t *testing.T) {
	t.Parallel()
	tests := []struct{ service, address, variable, want string }{
		{"s3", "http://127.0.0.1:9000", "", ""},
		{"sqs", "https://sqs.example:9324/x", "", ""},
		{"execute-api2", "http://[::1]:1", "", ""},
		{"S3", "http://127.0.0.1:9000", "", `the endpoint of "S3": it is no name by which requests are signed, such as s3 or sqs`},
		{"ses", "http://127.0.0.1:9000", "", `the endpoint of "ses": its requests are signed as email: use email`},
		{"s3", "127.0.0.1:9000", "", `the endpoint of "s3": it is no http or https URL such as http://127.0.0.1:9000`},
		{"s3", "ftp://127.0.0.1", "", `the endpoint of "s3": it is no http or https URL such as http://127.0.0.1:9000`},
		{"s3", "http://a:b@127.0.0.1:9000", "", `the endpoint of "s3": the URL may have no credentials, query or fragment: the credentials are read from LOCAL_ENDPOINT_S3_ACCESS_KEY_ID and LOCAL_ENDPOINT_S3_SECRET_ACCESS_KEY`},
		{"s3", "http://minio:9000", "", `the endpoint of "s3": it is http to the host "minio", so that credentials could be read on the way: use https, which only a loopback address such as 127.0.0.1 may do without`},
		{"s3", "http://127.0.0.1:9000", "LOCAL_ENDPOINT_S3_ACCESS_KEY_ID", `the endpoint of "s3": only one of LOCAL_ENDPOINT_S3_ACCESS_KEY_ID and LOCAL_ENDPOINT_S3_SECRET_ACCESS_KEY is set: set both or none`},
	}
	for _, tt := range tests {
		got, err := emulators(map[string]string{tt.service: tt.address}, func(name string) string {
			if name == tt.variable {
				return "x"
			}
			return ""
		})
		if tt.want == "" && (err != nil || got[tt.service].URL.String() != tt.address) || tt.want != "" && fmt.Sprint(err) != tt.want {
			t.Errorf("%s=%s: %v, %v", tt.service, tt.address, got, err)
		}
	}
	both, err := emulators(map[string]string{"my-s3": "http://127.0.0.1:1"}, func(name string) string { return name })
	if e := both["my-s3"]; err != nil || e.AccessKeyID != "LOCAL_ENDPOINT_MY_S3_ACCESS_KEY_ID" || e.SecretAccessKey != "LOCAL_ENDPOINT_MY_S3_SECRET_ACCESS_KEY" {
		t.Errorf("%+v, %v", e, err)
	}
}
