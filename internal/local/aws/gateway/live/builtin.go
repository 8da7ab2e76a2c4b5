package live

import (
	"context"
	"errors"
	"net/http"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/jwtauth"
)

// jwtContext is requestContext.authorizer.jwt.
type jwtContext struct {
	Claims map[string]string `json:"claims"`
	Scopes []string          `json:"scopes"` // null unless the route has some
}

// iamContext is requestContext.authorizer.iam. Cognito and organisations are
// not there, so their members are null.
type iamContext struct {
	AccessKey       string  `json:"accessKey"`
	AccountID       string  `json:"accountId"`
	CallerID        string  `json:"callerId"`
	CognitoIdentity *string `json:"cognitoIdentity"`
	PrincipalOrgID  *string `json:"principalOrgId"`
	UserARN         string  `json:"userArn"`
	UserID          string  `json:"userId"`
}

// authorizeJWT asks the JWT authorizer (developer guide,
// http-api-jwt-authorizer).
func (g *Gateway) authorizeJWT(r *request) verdict {
	ctx, cancel := context.WithTimeout(g.running, g.authorizerTimeout)
	defer cancel()
	authorizer := r.route.Authorizer
	result, err := authorizer.JWT.Authorize(ctx, authorizer.Sources[0].value(r), r.route.Scopes)
	if err == nil {
		return verdict{
			context: &authorizerContext{kind: "jwt", value: jwtContext{Claims: result.Claims, Scopes: result.Scopes}},
			why:     "JWT, allowed",
		}
	}
	var refused *jwtauth.Error
	if !errors.As(err, &refused) {
		return failed(err, err.Error())
	}
	answer := authorizerFailure
	switch refused.Status {
	case http.StatusUnauthorized:
		answer = unauthorizedAnswer
	case http.StatusForbidden:
		answer = forbiddenAnswer
	}
	if refused.WWWAuthenticate != "" {
		answer.header = answer.header.Clone()
		answer.header.Set("Www-Authenticate", refused.WWWAuthenticate)
	}
	return verdict{refusal: &answer, why: "JWT, refused: " + refused.Reason + "; cure: " + refused.Cure, failure: refused.Reason, cause: err}
}

// authorizeIAM verifies the request's signature and asks the policies of who
// signed it for execute-api:Invoke (developer guide,
// http-api-access-control-iam).
func (g *Gateway) authorizeIAM(r *request) verdict {
	body, err := r.readBody()
	if err != nil {
		return verdict{refusal: bodyAnswer(err), why: "AWS_IAM, not asked: the body could not be read", cause: err}
	}
	id, err := g.Identities.VerifyExecuteAPI(r.in, body, g.now())
	if err != nil {
		return verdict{refusal: &forbiddenAnswer, why: "AWS_IAM, refused: " + err.Error(), failure: err.Error(), cause: err}
	}
	if err := g.Identities.Authorize(id, "execute-api:Invoke", r.routeARN()); err != nil {
		g.Console.Refused(awserr.Message(err), awserr.CureOf(err))
		return verdict{refusal: &forbiddenAnswer, why: "AWS_IAM, refused", failure: awserr.Message(err), cause: err}
	}
	c := iamContext{
		AccessKey: id.AccessKeyID,
		AccountID: g.Account.ID,
		CallerID:  id.UserID,
		UserARN:   id.ARN,
		UserID:    id.UserID,
	}
	return verdict{
		context: &authorizerContext{kind: "iam", value: c},
		why:     "AWS_IAM, allowed",
		identity: map[string]string{
			"accountId": c.AccountID, "caller": c.CallerID, "user": c.UserID, "userArn": c.UserARN,
		},
	}
}
