use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::*;

#[utoipa::path(get, path = "/v1/things", responses((status = 200, description = "All things"), Problems))]
async fn list_things() {}

#[utoipa::path(post, path = "/v1/things", security(()), responses((status = 201, description = "A thing"), Problems))]
async fn create_thing() {}

fn sample() -> OpenApi {
    let routes: OpenApiRouter = OpenApiRouter::new().routes(routes!(list_things, create_thing));
    document([routes.into_openapi()], "1.2.3")
}

#[test]
fn operations_are_named_like_their_handlers_and_need_a_token_unless_they_are_public() {
    let document = sample();
    let item = &document.paths.paths["/v1/things"];
    let (get, post) = (item.get.as_ref().unwrap(), item.post.as_ref().unwrap());
    assert_eq!(get.operation_id.as_deref(), Some("listThings"));
    assert_eq!(post.operation_id.as_deref(), Some("createThing"));
    assert!(!is_public(get));
    assert!(is_public(post));
}

#[test]
fn the_document_explains_bearer_tokens_and_problems() {
    let document = serde_json::to_value(sample()).unwrap();
    assert_eq!(document["info"]["version"], "1.2.3");
    assert_eq!(document["security"], json!([{"bearer": []}]));
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
    assert_eq!(document["components"]["schemas"]["Problem"]["properties"]["type"]["type"], "string");
    assert_eq!(document["components"]["schemas"]["FieldProblem"]["properties"]["pointer"]["type"], "string");
    let problem = &document["paths"]["/v1/things"]["get"]["responses"]["default"];
    assert_eq!(problem["content"]["application/problem+json"]["schema"]["$ref"], "#/components/schemas/Problem");
}
