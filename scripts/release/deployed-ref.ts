// What is deployed on this host, as git knows it.
export const DEPLOYED_REF = 'refs/asd/deployed';
