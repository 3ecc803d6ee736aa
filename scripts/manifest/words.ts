// Readers of the names that manifests hold, each with the form that its tool accepts.
import { isBranch, isServiceName } from '../model/names.ts';
import { also, oneOf, orVariable, text, textLike } from './fields.ts';

export const serviceName = also(text, (name) =>
  isServiceName(name)
    ? undefined
    : {
        unfit: `is ${JSON.stringify(name.slice(0, 60))}: must be lower case letters, digits, underscore or dash, as the folder in packages/`,
      },
);

export const branchName = also(text, (name) =>
  isBranch(name)
    ? undefined
    : { unfit: `is ${JSON.stringify(name.slice(0, 60))}: is not a branch name that can be released` },
);

export const envName = textLike(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of an environment variable');

export const projectName = orVariable(
  textLike(/^[a-z0-9][a-z0-9_-]{0,127}$/, 'a compose project: lower case letters, digits, underscore or dash'),
);

export const containerName = textLike(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/, 'letters, digits, underscore, dot or dash');

/** A repository, with registry and port where it has them, without tag and digest. */
export const imageName = orVariable(
  textLike(
    /^(?:[A-Za-z0-9][A-Za-z0-9.-]*(?::\d{1,5})?\/)?[a-z0-9][a-z0-9._-]*(?:\/[a-z0-9][a-z0-9._-]*)*$/,
    'an image without tag or digest (the tag has a key of its own)',
  ),
);

export const imageTag = orVariable(textLike(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/, 'an image tag'));

export const volumeSuffix = textLike(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/, 'the key of a volume');

export const runtimeName = also(oneOf('compose', 'pm2', 'swarm'), (name) =>
  name === 'swarm' ? { unfit: 'swarm is not supported by this version: write compose or pm2' } : undefined,
);

export const groupName = textLike(
  /^[a-z0-9][a-z0-9_-]{0,62}$/,
  'the name of a group: lower case letters, digits, underscore or dash',
);

/** A glob below the repository, with slashes between folders. */
export const glob = also(text, (pattern) => {
  if (pattern.startsWith('/') || pattern.startsWith('!'))
    return { unfit: `is ${JSON.stringify(pattern)}: must begin with a folder, a file or *` };
  return pattern.split('/').includes('..')
    ? { unfit: `is ${JSON.stringify(pattern)}: must not contain ..` }
    : undefined;
});
